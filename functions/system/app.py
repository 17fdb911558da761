"""What this service is and whether its parts answer."""

from typing import Any

from fastapi import APIRouter

from functions.http import create_app

router = APIRouter(tags=["system"])


@router.get("/")
async def index() -> dict[str, Any]:
    """Name, version and where to go next."""
    return {"name": "regatta", "version": app.version, "links": {"status": "/system/status"}}


app = create_app(router)
