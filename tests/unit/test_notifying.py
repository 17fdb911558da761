"""A bucket that was there before the stack is told to notify it, as the template tells its own."""

import boto3

from core.storage.objects import ObjectStore
from infra.deploy import ROOT, _notify, local_template


def test_a_bucket_from_before_notifies_the_queue_of_what_arrives(bucket: ObjectStore) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="arrivals")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    _notify(bucket.client, bucket.bucket, local_template((ROOT / "template.yaml").read_text(), "b", "k"), arn)
    told = bucket.client.get_bucket_notification_configuration(Bucket=bucket.bucket)["QueueConfigurations"]
    assert [(entry["QueueArn"], entry["Events"]) for entry in told] == [(arn, ["s3:ObjectCreated:*"])]
    rules = {rule["Name"].lower(): rule["Value"] for rule in told[0]["Filter"]["Key"]["FilterRules"]}
    assert rules == {"prefix": "uploads/", "suffix": ".csv"}
