"""What Regatta costs on AWS: published prices times measured footprints, as the tables of docs/cost.md."""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cost.md"
MONTH_HOURS = 730
MONTH_SECONDS = MONTH_HOURS * 3600
# Lambda gives a function this many MB of memory with each whole vCPU.
VCPU_MB = 1769
# What is billed as GB is 1,024 MB; what lies in /tmp beyond this is billed too.
FREE_TMP_MB = 512
# Bytes of log lines a request: Lambda's own three, ours, the gateway's.
LOG_BYTES = 1000
# One call in so many meets a new environment, which starts from its snapshot.
COLD_SHARE = 0.01


@dataclass(frozen=True)
class Call:
    """One kind of work: the function and measured call that do it, and what else each takes.

    The requests to S3 are those of the code in core/: a prediction reads its model when its environment is new; a
    training reads the table and its manifest, and writes three artifacts, a manifest and the champion.
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
    """Write the tables into the page; with --check only say whether they are there already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page shows other figures")
    arguments = parser.parse_args()
    before = PAGE.read_text()
    after = filled(before)
    if arguments.check:
        return int(before != after)
    PAGE.write_text(after)
    return 0


def filled(page: str) -> str:
    """The page with each table between its two comments."""
    prices = tomllib.loads((ROOT / "infra/aws/prices.toml").read_text())
    measured = json.loads((ROOT / "infra/aws/measured.json").read_text())
    functions = {
        name.removesuffix("Function").lower(): resource["Properties"]
        for name, resource in yaml_parse((ROOT / "template.yaml").read_text())["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    alarms = (ROOT / "infra/aws/monitoring.yaml").read_text().count("AWS::CloudWatch::Alarm")
    tables = {
        "idle": table(["a month", "$"], idle(prices, functions, alarms)),
        "use": table(
            ["1,000 times", "seconds", "GB-s", "Lambda $", "gateway $", "S3 $", "logs $", "in all $"],
            (use(call, prices, measured, functions) for call in CALLS),
        ),
        "memory": table(["function", "MemorySize", "peak, measured", "load"], budgets(measured, functions)),
        "prices": f"Prices of {prices['region']}, known in {prices['known']}.",
    }
    for name, text in tables.items():
        before, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("\n<!-- end -->")
        page = before + start + text + end + after
    return page


def idle(prices: dict[str, Any], functions: dict[str, Any], alarms: int) -> Iterator[list[str]]:
    """What is paid when nobody calls."""
    snapped = sum(properties["MemorySize"] for properties in functions.values() if "SnapStart" in properties) / 1024
    snapshots = snapped * MONTH_SECONDS * prices["lambda"]["snapshot_gb_second"]
    watching = alarms * prices["cloudwatch"]["alarm_month"] + prices["cloudwatch"]["dashboard_month"]
    cache = prices["elasticache"]["least_gb"] * prices["elasticache"]["gb_hour"] * MONTH_HOURS
    endpoints = 2 * 2 * prices["vpc"]["interface_hour"] * MONTH_HOURS
    rows = {
        "the secret that signs models": prices["secrets"]["secret_month"],
        f"snapshots of {snapped:.1f} GB of functions (`SnapStart=false`: none)": snapshots,
        f"{alarms} alarms and a dashboard (`Monitoring=false`: none)": watching,
    }
    rows["**by default, in all**"] = sum(rows.values())
    rows["with `CreateCache=true`: the least of ElastiCache Serverless"] = cache
    rows["with `RouteTableIds`: endpoints of SQS and Secrets Manager in two zones"] = endpoints
    rows["each GB stored"] = prices["s3"]["gb_month"]
    return ([title, f"{dollars:.2f}"] for title, dollars in rows.items())


def use(call: Call, prices: dict[str, Any], measured: dict[str, Any], functions: dict[str, Any]) -> list[str]:
    """What 1,000 of these cost beyond that."""
    given = functions[call.function]
    seconds = billed(measured[call.function]["calls"][call.call]["warm_ms"], given["MemorySize"], call.threads)
    gb = given["MemorySize"] / 1024
    asked = prices["lambda"]
    compute = seconds * gb * asked["gb_second"]["x86_64"] + asked["request"]
    compute += seconds * max(0, temporary(given) - FREE_TMP_MB) / 1024 * asked["storage_gb_second"]
    if "SnapStart" in given:
        compute += COLD_SHARE * gb * asked["restore_gb"]
    gateway = prices["gateway"]["request"]
    storage = call.gets * prices["s3"]["get"] + call.puts * prices["s3"]["put"]
    logs = LOG_BYTES * prices["cloudwatch"]["log_gb"] / 1e9
    dollars = [1000 * part for part in (compute, gateway, storage, logs)]
    figures = [f"{part:.4f}" for part in (*dollars, sum(dollars))]
    return [call.title, f"{1000 * seconds:,.1f}", f"{1000 * seconds * gb:,.1f}", *figures]


def billed(milliseconds: float, memory: int, threads: float) -> float:
    """Seconds on Lambda of what took so long here with `threads` whole cores; it bills whole milliseconds."""
    share = min(1.0, memory / VCPU_MB / threads)
    return max(1, -(-milliseconds // share)) / 1000


def temporary(given: dict[str, Any]) -> int:
    """MB of /tmp."""
    return int(given.get("EphemeralStorage", {"Size": FREE_TMP_MB})["Size"])


def budgets(measured: dict[str, Any], functions: dict[str, Any]) -> Iterator[list[str]]:
    """What each function is given, and what it was seen to take."""
    for name, seen in measured.items():
        yield [
            f"`{name}`",
            f"{functions[name]['MemorySize']} MB",
            f"{seen['peak_mib']} MB",
            f"{seen['load_ms']:,.0f} ms",
        ]


def table(head: list[str], rows: Iterator[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
