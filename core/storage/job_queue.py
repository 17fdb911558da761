"""The queue of jobs that wait for a worker: an SQS queue, or the bucket itself where there is none."""

from core.storage.bucket_queue import BucketQueue
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from core.storage.sqs_queue import SqsQueue

JobQueue = SqsQueue | BucketQueue


def create_queue(url: str | None, objects: ObjectStore, redis: RedisClient) -> JobQueue:
    """Return the queue at `url`, or the one in the bucket."""
    return SqsQueue(url, objects) if url else BucketQueue(objects, redis)
