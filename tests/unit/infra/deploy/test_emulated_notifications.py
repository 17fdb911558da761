"""A bucket that is older than the stack gets the notifications that the template gives its own."""

import boto3

from core.services.series.arrivals import ENDINGS
from core.storage.s3.object_store import ObjectStore
from infra.deploy.emulated import notify_queues
from infra.deploy.emulator_template import emulator_template
from infra.paths import ROOT


def test_a_bucket_from_before_notifies_the_queues_of_what_arrives(bucket: ObjectStore) -> None:
    sqs = boto3.client("sqs")
    outputs = {}
    for name in ("Uploads", "Incoming"):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        outputs[f"{name}QueueArn"] = attributes["QueueArn"]
    notify_queues(
        bucket.client, bucket.bucket, emulator_template((ROOT / "template.yaml").read_text(), "b", "k"), outputs
    )
    configurations = bucket.client.get_bucket_notification_configuration(Bucket=bucket.bucket)["QueueConfigurations"]
    rules = [
        {rule["Name"].lower(): rule["Value"] for rule in one["Filter"]["Key"]["FilterRules"]} for one in configurations
    ]
    assert {tuple(one["Events"]) for one in configurations} == {("s3:ObjectCreated:*",)}
    assert [
        (one["QueueArn"], rule["prefix"], rule["suffix"]) for one, rule in zip(configurations, rules, strict=True)
    ] == [
        (outputs["UploadsQueueArn"], "uploads/", ".csv"),
        *(
            (outputs["IncomingQueueArn"], "incoming/", f".{suffix}")
            for ending in ENDINGS
            for suffix in (ending, ending.upper())
        ),
    ]
