"""Computes what Regatta costs on AWS, from published prices and measured footprints: the tables of docs/cost.md."""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.paths import ROOT
from infra.sam_template import parse_template

PAGE = ROOT / "docs" / "cost.md"
MONTH_HOURS = 730
MONTH_SECONDS = MONTH_HOURS * 3600
# Lambda gives a function this many MB of memory with each whole vCPU.
VCPU_MB = 1769
# Lambda bills a GB as 1,024 MB, and files in /tmp beyond so many MB.
FREE_TMP_MB = 512
# Bytes of log lines a request: three of Lambda, one of the function, one of the gateway.
LOG_BYTES = 1000
# The share of calls that a new environment answers, which starts from its snapshot.
COLD_SHARE = 0.01


@dataclass(frozen=True)
class Call:
    """One kind of work: its function, the measured call, the threads that it uses, and its requests to S3.

    The requests are those of the code in core/: a prediction reads its model when its environment is new; a training
    reads the table and its manifest, and writes three artifacts, a manifest and the champion.
    """

    title: str
    function: str
    call: str
    threads: float = 1
    gets: float = 0
    puts: float = 0


CALLS = (
    Call("prediction of one row", "predict", "one row", gets=4 * COLD_SHARE),
    Call("prediction of 1,000 rows", "predict", "1,000 rows", gets=4 * COLD_SHARE),
    Call("upload of a table (20,640 rows)", "upload", "POST /data/upload", gets=2, puts=5),
    Call("training: gradient boosting, 20,640 rows", "train", "gradient boosting", 2, gets=6, puts=6),
    Call("training: random forest, 20,640 rows", "train", "random forest", 2, gets=6, puts=6),
    Call("export of 20,640 predicted rows to Excel", "export", "20,640 rows to Excel", gets=4 * COLD_SHARE, puts=1),
)


def main() -> int:
    """Write the tables into the page; with --check return 1 where the page has other figures, and change nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page shows other figures")
    arguments = parser.parse_args()
    page = PAGE.read_text()
    updated = fill_tables(page)
    if arguments.check:
        return int(page != updated)
    PAGE.write_text(updated)
    return 0


def fill_tables(page: str) -> str:
    """Return the page with each table computed anew, between its two comments."""
    prices = tomllib.loads((ROOT / "infra/aws/prices.toml").read_text())
    measured = json.loads((ROOT / "infra/aws/measured.json").read_text())
    functions = {
        name.removesuffix("Function").lower(): resource["Properties"]
        for name, resource in parse_template((ROOT / "template.yaml").read_text())["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    monitoring = parse_template((ROOT / "infra/aws/monitoring.yaml").read_text())["Resources"].values()
    alarms = sum(one["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in one for one in monitoring)
    tables = {
        "idle": markdown_table(["a month", "$"], idle_rows(prices, functions, alarms)),
        "use": markdown_table(
            ["1,000 times", "seconds", "GB-s", "Lambda $", "gateway $", "S3 $", "logs $", "in all $"],
            (use_row(call, prices, measured, functions) for call in CALLS),
        ),
        "memory": markdown_table(
            ["function", "MemorySize", "peak, measured", "load"], memory_rows(measured, functions)
        ),
        "prices": f"Prices of {prices['region']}, known in {prices['known']}.",
    }
    for name, text in tables.items():
        before, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("\n<!-- end -->")
        page = before + start + text + end + after
    return page


def idle_rows(prices: dict[str, Any], functions: dict[str, Any], alarms: int) -> Iterator[list[str]]:
    """Yield title and dollars a month of what is paid when nobody calls."""
    snapshot_gb = sum(properties["MemorySize"] for properties in functions.values() if "SnapStart" in properties) / 1024
    snapshots = snapshot_gb * MONTH_SECONDS * prices["lambda"]["snapshot_gb_second"]
    monitoring = alarms * prices["cloudwatch"]["alarm_month"] + prices["cloudwatch"]["dashboard_month"]
    cache = prices["elasticache"]["least_gb"] * prices["elasticache"]["gb_hour"] * MONTH_HOURS
    endpoints = 2 * 2 * prices["vpc"]["interface_hour"] * MONTH_HOURS
    rows = {
        "the secret that signs models": prices["secrets"]["secret_month"],
        f"snapshots of {snapshot_gb:.1f} GB of functions (`SnapStart=false`: none)": snapshots,
        f"{alarms} alarms and a dashboard (`Monitoring=false`: none)": monitoring,
    }
    rows["**by default, in all**"] = sum(rows.values())
    rows["with `CreateCache=true`: the least of ElastiCache Serverless"] = cache
    rows["with `RouteTableIds`: endpoints of SQS and Secrets Manager in two zones"] = endpoints
    rows["each GB stored"] = prices["s3"]["gb_month"]
    return ([title, f"{dollars:.2f}"] for title, dollars in rows.items())


def use_row(call: Call, prices: dict[str, Any], measured: dict[str, Any], functions: dict[str, Any]) -> list[str]:
    """Return the row of a call: seconds, GB-seconds and dollars of 1,000 of them."""
    properties = functions[call.function]
    seconds = billed_seconds(
        measured[call.function]["calls"][call.call]["warm_ms"], properties["MemorySize"], call.threads
    )
    gb = properties["MemorySize"] / 1024
    rates = prices["lambda"]
    compute = seconds * gb * rates["gb_second"]["x86_64"] + rates["request"]
    compute += seconds * max(0, tmp_mb(properties) - FREE_TMP_MB) / 1024 * rates["storage_gb_second"]
    if "SnapStart" in properties:
        compute += COLD_SHARE * gb * rates["restore_gb"]
    gateway = prices["gateway"]["request"]
    storage = call.gets * prices["s3"]["get"] + call.puts * prices["s3"]["put"]
    logs = LOG_BYTES * prices["cloudwatch"]["log_gb"] / 1e9
    dollars = [1000 * part for part in (compute, gateway, storage, logs)]
    figures = [f"{part:.4f}" for part in (*dollars, sum(dollars))]
    return [call.title, f"{1000 * seconds:,.1f}", f"{1000 * seconds * gb:,.1f}", *figures]


def billed_seconds(milliseconds: float, memory_mb: int, threads: float) -> float:
    """Return the seconds that Lambda bills for what takes `milliseconds` here on `threads` whole cores.

    Lambda gives a function a share of a core by its memory, and bills whole milliseconds.
    """
    share = min(1.0, memory_mb / VCPU_MB / threads)
    return max(1, -(-milliseconds // share)) / 1000


def tmp_mb(properties: dict[str, Any]) -> int:
    """Return the MB of /tmp that a function has."""
    return int(properties.get("EphemeralStorage", {"Size": FREE_TMP_MB})["Size"])


def memory_rows(measured: dict[str, Any], functions: dict[str, Any]) -> Iterator[list[str]]:
    """Yield for each function its memory, its measured peak, and the milliseconds until it is loaded."""
    for name, footprint in measured.items():
        yield [
            f"`{name}`",
            f"{functions[name]['MemorySize']} MB",
            f"{footprint['peak_mib']} MB",
            f"{footprint['load_ms']:,.0f} ms",
        ]


def markdown_table(head: list[str], rows: Iterator[list[str]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
