"""How the world calls Regatta: one folder per Lambda function, each a small FastAPI app and its handler."""

import gc

from pydantic import BaseModel

# A cold start is little but imports, and what they load stays: looking for garbage every 700 objects finds none. And
# most of FastAPI's own models describe an OpenAPI document: they are built when somebody asks for one. `functions.http`
# ends that before anything of ours is declared. Together this is a sixth of the time to the first answer.
gc.set_threshold(50_000, 20, 20)
BaseModel.model_config["defer_build"] = True
