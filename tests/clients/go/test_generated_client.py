"""A client that OpenAPI Generator made of the document in 3.0.3 does the whole job against the embedded stack.

The issue names oapi-codegen and ogen, which only the Go module proxy has. OpenAPI Generator comes as a wheel, so that
its version is pinned and its bytes are checked where those of Go, Node.js and schemathesis are.
"""

from pathlib import Path

from tests.clients.go.building import run_program
from tests.support.stack import Stack
from tests.support.workflow import csv_cells

NAME = "generated 房价"


def test_a_generated_client_does_the_whole_job(programs: Path, stack: Stack, table: Path) -> None:
    found = run_program(programs / "generatedjob", table, NAME, variables={"REGATTA_URL": stack.base_url})

    assert found["dataset"]["filename"] == "房价.csv" and found["target"] == "价格"
    assert found["statistics"].keys() == {"城市", "面积", "房龄", "价格"}
    assert found["profile"]["columns"]["面积"]["type"] == "number"
    assert found["trained"]["metrics"] == found["metrics"]["metrics"] == found["model"]["metrics"]
    assert found["problem"] == "urn:regatta:problem:no-such-model"
    assert found["deleted"] == found["dataset"]["file_id"] and found["jobs"] >= 0

    rows = csv_cells(found["export"].encode())
    # Every digit: a client that took numbers for 32 bits would lose half of them.
    assert [float(row[-1]) for row in rows[1:]] == found["many"] and len(found["many"]) == 120
    assert found["one"] != round(found["one"], 6)
