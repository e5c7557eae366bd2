"""Checks that every example in an OpenAPI document fits the schema beside it.

usage: examples.py DOCUMENT"""

import json
import sys

from jsonschema import Draft202012Validator as Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


def main(path):
    document = json.load(open(path))
    resource = Resource(contents=document, specification=DRAFT202012)
    registry = Registry().with_resource("urn:api", resource)
    checked = wrong = 0
    for pointer, example in examples(document, document, "#"):
        checked += 1
        schema = {"$ref": f"urn:api{pointer}"}
        fits = Validator(schema, registry=registry, format_checker=Validator.FORMAT_CHECKER)
        for error in fits.iter_errors(example):
            wrong += 1
            print(f"{pointer}: {error.json_path}: {error.message}"[:500])
    print(f"{checked} examples, {wrong} errors in them")
    return bool(wrong) or not checked


def examples(document, node, pointer):
    """Each example, with the place of its schema."""
    named = node.get("examples") if isinstance(node, dict) else None
    if isinstance(named, list):
        yield from ((pointer, example) for example in named)
    elif isinstance(named, dict) and "schema" in node:
        yield from ((f"{pointer}/schema", value(document, example)) for example in named.values())
    if isinstance(node, dict) and "example" in node and "schema" in node:
        yield f"{pointer}/schema", node["example"]
    for name, item in items(node):
        if name not in ("example", "examples"):
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from examples(document, item, f"{pointer}/{step}")


def value(document, example):
    if "$ref" in example:
        example = document["components"]["examples"][example["$ref"].rsplit("/", 1)[1]]
    return example["value"]


def items(node):
    if isinstance(node, dict):
        return node.items()
    return enumerate(node) if isinstance(node, list) else ()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
