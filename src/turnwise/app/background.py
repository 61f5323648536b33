"""The background half of a server, made of the same parts as its surfaces."""

from turnwise.app.alerts.courier import Courier
from turnwise.app.alerts.watch import AlertWatch
from turnwise.app.fetching import AllowedHosts, AudioSource, RecordingFetcher
from turnwise.app.listening import Listener
from turnwise.app.peaks import KeptPeaks
from turnwise.app.retention import Retention
from turnwise.app.surfaces import Parts
from turnwise.app.worker import Attendant, Worker
from turnwise.store.media.same_s3 import same_s3


def background_of(parts: Parts) -> Worker:
    """What settles sessions, fetches and listens to their recordings, and watches over them."""
    settings, flow = parts.settings, parts.flow

    async def recall(limit: int) -> None:
        flow.pending.mark_sessions(await flow.store.waiting_recordings(limit))

    source = AudioSource(
        AllowedHosts.of(settings.fetch_hosts),
        parts.twilio.token,
        same_s3(settings.media_url),
        parts.default_project,
    )
    alerts = parts.catalog.admin.alerts
    watch = AlertWatch(
        flow.store,
        alerts,
        flow.diagnosing.diagnosis,
        Courier(alerts, parts.addresses),
        settings.alert_seconds,
    )
    attendants: list[Attendant] = [
        RecordingFetcher(source, parts.recordings, flow.accept, recall),
        Listener(flow.store, parts.media, flow.accept, settings.listening_dir),
        watch,
        Retention(
            flow,
            parts.catalog,
            parts.media,
            KeptPeaks(parts.media, settings.incoming_dir),
            settings.retention_days,
        ),
        parts.erasure,
    ]
    return Worker(flow, settings.silence_ns, attendants)
