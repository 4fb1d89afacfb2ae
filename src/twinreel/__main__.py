"""``python -m twinreel``."""

from twinreel.cli.main import run

if __name__ == "__main__":
    run()
