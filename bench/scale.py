"""Simulates divided jobs of 10^6 to 10^10 rows on AWS, for docs/scale.md, from measured seconds and known limits.

Every batch of chunks waits for a slot (the concurrency that was asked for, the account's, and the pace at which Lambda
adds environments), starts cold the first time, computes, and asks S3, which serves so many requests a second.
A share of the attempts fails halfway, and what is left is repeated with full jitter. `--write` writes the table into
the page.
"""

import argparse
import heapq
import random
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.services.table_prediction.source import MOST_TASKS
from core.settings import Settings
from core.storage.state_machine import batches
from infra.cost import VCPU_MB, markdown_table
from infra.paths import ROOT
from infra.sam_template import parse_template

PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- scale -->\n", "\n<!-- end -->"

# Of a core, for a million rows of ten columns from a stored table to a CSV in the bucket: docs/scale.md says where.
CPU_SECONDS = 8.0
# For one row alone, by which the tasks of a batch are counted.
ROW_SECONDS = 45e-6

# The limits of AWS, with the page of each in docs/scale.md.
ACCOUNT_CONCURRENCY = 1_000
ENVIRONMENTS, EVERY_SECONDS = 1_000, 10.0
MAP_CONCURRENCY = 10_000
PUTS_A_SECOND, GETS_A_SECOND = 3_500, 5_500
LAMBDA_SECONDS = 900

# Of a chunk: requests to S3 beside the reading of its rows, and keys in a page of a list. States of a batch.
GETS, PUTS, PAGE_KEYS, STATES = 12, 5, 1_000, 4
RANGE_BYTES = 8 << 20  # a request reads so much of the source
SOURCE_BYTES_A_ROW = 40
COLD_SECONDS = 6.0
FAILED_SHARE = 0.005
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
# Before the first chunk and after the last one: the queue, the start of an execution, and the reading of its items.
START_SECONDS = 10.0
COPIES_A_SECOND = 50.0  # one after the other takes 0.1 to 0.2 s each; eight go on at a time


@dataclass(frozen=True)
class Plan:
    """A job as it is divided: rows, rows of a chunk, the calls that go on at a time, and the account's limit."""

    rows: int
    chunk_rows: int
    concurrency: int
    account: int = ACCOUNT_CONCURRENCY

    @property
    def chunks(self) -> int:
        """Return the number of chunks."""
        return -(-self.rows // self.chunk_rows)


@dataclass(frozen=True)
class Outcome:
    """What a simulated job took: seconds until its end, seconds that Lambda bills, attempts, dollars, and its limit."""

    seconds: float
    billed: float
    attempts: int
    dollars: float
    limit: str


def plan(rows: int, concurrency: int, account: int = ACCOUNT_CONCURRENCY) -> Plan:
    """Return how a table of so many rows is divided by default."""
    return Plan(rows, max(Settings().chunk_rows, -(-rows // MOST_TASKS)), concurrency, account)


PLANS = (
    *(plan(rows, 100) for rows in (10**6, 10**7, 10**8, 10**9)),
    plan(10**9, 1_000),
    plan(10**10, 1_000),
    plan(10**10, 3_000, account=3_000),
)


class Prefix:
    """What S3 serves below one prefix: so many requests in each second; the others wait for a later one."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._asked: defaultdict[int, float] = defaultdict(float)
        self.waited = 0.0

    def serve(self, when: float, requests: float) -> float:
        """Return when these requests are answered that come at `when`."""
        second = int(when)
        while self._asked[second] + requests > self._rate:
            second += 1
        self._asked[second] += requests
        served = max(when, float(second))
        self.waited += served - when
        return served


def main() -> int:
    """Print the table and compare it with the page; return 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/scale.md")
    arguments = parser.parse_args()
    table, page = scale_table(), PAGE.read_text()
    print(table)
    updated = fill(page, table)
    if arguments.write:
        PAGE.write_text(updated)
        return 0
    return int(updated != page)


def fill(page: str, table: str) -> str:
    """Return the page with the table between its two comments."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + begin + table + end + after


def scale_table() -> str:
    """Return the table of all plans as Markdown."""
    head = ["rows", "rows a chunk", "chunks", "at a time", "minutes", "$", "$ a million rows", "what limits it"]
    return markdown_table(head, rows_of_table())


def rows_of_table() -> Iterator[list[str]]:
    """Yield the row of each plan."""
    template = parse_template((ROOT / "template.yaml").read_text())
    memory = int(template["Parameters"]["TasksMemory"]["Default"])
    prices = tomllib.loads((ROOT / "infra/aws/prices.toml").read_text())
    for one in PLANS:
        outcome = simulate(one, CPU_SECONDS, memory, prices)
        yield [
            f"{one.rows:,}",
            f"{one.chunk_rows:,}",
            f"{one.chunks:,}",
            f"{one.concurrency:,}",
            f"{outcome.seconds / 60:.1f}",
            f"{outcome.dollars:.2f}",
            f"{outcome.dollars / one.rows * 1e6:.4f}",
            outcome.limit,
        ]


def simulate(plan: Plan, cpu_seconds: float, memory_mb: int, prices: dict[str, Any], seed: int = 0) -> Outcome:
    """Simulate a job whose million rows take `cpu_seconds` of a whole core; the same seed gives the same outcome.

    Raises `ValueError` where one chunk does not fit one call.
    """
    draw = random.Random(seed)
    share = min(1.0, memory_mb / VCPU_MB)
    compute = cpu_seconds * plan.chunk_rows / 1e6 / share
    if compute > LAMBDA_SECONDS / 2:
        raise ValueError(f"A chunk of {plan.chunk_rows:,} rows takes {compute:.0f} s, too long for one call.")
    gets = GETS + plan.chunk_rows * SOURCE_BYTES_A_ROW / RANGE_BYTES
    puts = PUTS + 2 * -(-plan.chunks // PAGE_KEYS)  # a list is billed and limited as a write
    reads, writes = Prefix(GETS_A_SECOND), Prefix(PUTS_A_SECOND)
    sizes = [len(batch) for batch in batches(range(plan.chunks), ROW_SECONDS * plan.chunk_rows)]
    slots = min(plan.concurrency, plan.account, MAP_CONCURRENCY, len(sizes))
    free = [(START_SECONDS + slot // ENVIRONMENTS * EVERY_SECONDS, True) for slot in range(slots)]
    heapq.heapify(free)
    waiting = [(START_SECONDS, size) for size in sizes]  # when each attempt may begin at the earliest, and its chunks
    heapq.heapify(waiting)
    billed, attempts, chunks, last = 0.0, 0, 0, START_SECONDS
    while waiting:
        earliest, size = heapq.heappop(waiting)
        at, is_cold = heapq.heappop(free)
        begins = max(at, earliest)
        loaded = begins + COLD_SECONDS * is_cold
        fails = draw.random() < FAILED_SHARE
        shares = [1.0] * (size // 2) + [0.5] if fails else [1.0] * size
        done = loaded
        for part in shares:
            done = writes.serve(reads.serve(done, gets) + part * compute * draw.uniform(0.9, 1.3), puts)
        chunks += len(shares)
        attempts += 1
        billed += done - begins
        last = max(last, done)
        heapq.heappush(free, (done, fails))  # what was killed starts anew
        if fails:
            left = size - size // 2
            heapq.heappush(waiting, (done + draw.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2)), left))
    copies = plan.chunks
    seconds = last + copies / COPIES_A_SECOND
    rates = prices["lambda"]
    dollars = billed * memory_mb / 1024 * rates["gb_second"]["x86_64"] + attempts * rates["request"]
    dollars += chunks * (gets * prices["s3"]["get"] + puts * prices["s3"]["put"]) + copies * prices["s3"]["put"]
    dollars += (attempts + len(sizes) * STATES) * prices["states"]["transition"]
    return Outcome(seconds, billed, attempts, dollars, _limit(plan, slots, reads.waited + writes.waited, billed))


def _limit(plan: Plan, slots: int, waited: float, billed: float) -> str:
    """Return what the job would need more of to end sooner."""
    if waited > 0.05 * billed:
        return "requests of S3"
    if slots == plan.chunks:
        return "the number of chunks"
    if slots == plan.account:
        return f"Lambda's concurrency in the account ({plan.account:,})"
    return f"`TasksConcurrency` ({plan.concurrency:,})"


if __name__ == "__main__":
    sys.exit(main())
