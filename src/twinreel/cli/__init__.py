"""The command line: parse, call Library, present. Results go to stdout, all talk to stderr."""
