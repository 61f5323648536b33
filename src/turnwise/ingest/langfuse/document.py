"""Langfuse's ways in, in the OpenAPI document."""

from turnwise.http.documents import Operation

_TAG = "Langfuse"

OPERATIONS = [
    Operation(
        path="/api/public/ingestion",
        method="POST",
        summary="Send a batch of events",
        tag=_TAG,
        description="`{batch: [{id, type, timestamp, body}]}` of at most 3.5 MiB. Events are partial "
        "updates in the order of their timestamps; null and absent never clear.",
        answers={207: "`successes` and `errors`, each with the event's id and a status."},
        errors=(400, 401, 403, 413, 415, 503),
    ),
    Operation(
        path="/api/public/scores",
        method="POST",
        summary="Send a score, or a list of scores",
        tag=_TAG,
        answers={
            200: "The id of the one score.",
            202: "All scores of the list are kept.",
            207: "How many scores of the list were kept, and why others were not.",
        },
        errors=(400, 401, 403, 413, 415, 503),
    ),
    Operation(
        path="/api/public/scores/{scoreId}",
        method="DELETE",
        summary="Forget a score",
        tag=_TAG,
        answers={202: "It is gone."},
        errors=(401, 403, 404, 503),
    ),
    Operation(
        path="/api/public/media",
        method="POST",
        summary="Announce an attachment",
        tag=_TAG,
        answers={201: "Its id, and where to put its bytes; null when they are here already."},
        errors=(400, 401, 403, 413, 503),
    ),
    Operation(
        path="/api/public/media/{mediaId}",
        method="GET",
        summary="Where an attachment can be read",
        tag=_TAG,
        answers={200: "Its type, its length and a signed URL."},
        errors=(401, 403, 404, 503),
    ),
    Operation(
        path="/api/public/media/{mediaId}",
        method="PATCH",
        summary="Say how an upload went",
        tag=_TAG,
        errors=(400, 401, 403, 413, 503),
    ),
]
