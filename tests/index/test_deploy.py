"""The files that set up a Milvus server and cluster, as far as files can be tested."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

FOLDER = Path(__file__).parents[2] / "deploy" / "milvus"


def parsed(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def test_the_compose_file_names_versions_and_what_depends_on_what() -> None:
    compose = parsed("compose.yaml")
    services = compose["services"]
    for service in services.values():
        assert re.search(r":(v\d+\.\d+\.\d+|RELEASE\.\d{4}-)", service["image"]), service["image"]
        assert service["healthcheck"]["test"][0] == "CMD"
        assert set(service.get("depends_on", {})) <= services.keys()
        assert {volume.split(":")[0] for volume in service["volumes"]} <= compose["volumes"].keys()
    assert services["milvus"]["ports"] == ["127.0.0.1:19530:19530"]
    assert services["milvus"]["environment"]["ETCD_ENDPOINTS"].split(":")[0] in services
    assert services["milvus"]["environment"]["MINIO_ADDRESS"].split(":")[0] in services


def test_the_helm_values_are_a_cluster_of_the_same_version() -> None:
    values = parsed("values.yaml")
    assert values["cluster"]["enabled"] is True
    assert values["image"]["all"]["tag"] == parsed("compose.yaml")["services"]["milvus"]["image"].rsplit(":")[-1]
    assert yaml.safe_load(values["extraConfigFiles"]["user.yaml"])["queryNode"]["enableDisk"] is True
