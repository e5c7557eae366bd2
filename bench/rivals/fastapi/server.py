"""FastAPI and Google's Pub/Sub client with its defaults; uvicorn runs one process a core."""

import asyncio
import os

from fastapi import FastAPI
from google.cloud import pubsub_v1
from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    model_config = ConfigDict(extra="allow")
    site_id: str
    event_type: str


app = FastAPI()
publisher = pubsub_v1.PublisherClient()
topic = publisher.topic_path(os.environ["GOOGLE_CLOUD_PROJECT"], os.environ["PUBSUB_TOPIC"])


@app.post("/event", status_code=202)
async def take(event: Event):
    published = publisher.publish(topic, event.model_dump_json().encode())
    await asyncio.wrap_future(published)
    return {"status": "accepted"}
