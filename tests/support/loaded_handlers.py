"""Import it to load what the first request to the handlers loads: processes that are forked then have it already."""

import gc
from importlib import import_module

from botocore.config import Config

from core.storage.aws_session import AwsSession
from tests.support.contract import document
from tests.support.gateway import template_routes

LOADED_LATE = ("anyio._backends._asyncio", "boto3.s3.inject", "core.storage.s3.listing")

for module in (*LOADED_LATE, *(handler.rpartition(".")[0] for _, _, handler in template_routes())):
    import_module(module)
document()
# It has read the descriptions of AWS.
SESSION = AwsSession()
SESSION.client("s3", Config(), region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
# What is forked would else have to copy what its garbage collector looks at.
gc.collect()
gc.freeze()
