"""Import it to load what a stack loads: processes that are forked then have it already."""

import gc
from importlib import import_module

from infra.local import heavy_process, web

# What the emulator loads but for MiniStack, which reads the environment while it is loaded.
EMULATOR = ("hypercorn.asyncio", "infra.local.signed_chunks", "samtranslator.swagger.swagger")
# What the supervisor loads once it runs.
SUPERVISOR = ("infra.deploy.emulated", "infra.emulator_clients", "infra.local.stack", "infra.local.watched_folder")

for module in (*EMULATOR, *SUPERVISOR, *heavy_process.MODULES, *web.CLIENTS):
    import_module(module)
gc.collect()
gc.freeze()
