"""The background half, beside the surfaces in one process or alone in one of its own."""

from dataclasses import dataclass
from typing import Self

from turnwise.app.alerts.addresses import AlertAddresses
from turnwise.app.alerts.courier import Courier
from turnwise.app.alerts.watch import AlertWatch
from turnwise.app.claiming import Claiming
from turnwise.app.config import Settings
from turnwise.app.erasure import ProjectErasure
from turnwise.app.fetching import AllowedHosts, AudioSource, RecordingFetcher
from turnwise.app.flow import Flow
from turnwise.app.integrations import OpenIntegrations
from turnwise.app.listening import Listener
from turnwise.app.peaks import KeptPeaks
from turnwise.app.recordings import Recordings
from turnwise.app.retention import Retention
from turnwise.app.twilio_accounts import TwilioAccounts
from turnwise.app.worker import Attendant, Worker
from turnwise.model.ids import ProjectId
from turnwise.model.ports import MediaStore
from turnwise.store.catalog import SqlCatalog
from turnwise.store.media.files import open_media
from turnwise.store.media.same_s3 import same_s3


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What works in the background needs; the surfaces use it too."""

    settings: Settings
    catalog: SqlCatalog
    flow: Flow
    media: MediaStore
    recordings: Recordings
    integrations: OpenIntegrations
    twilio: TwilioAccounts
    default_project: ProjectId
    addresses: AlertAddresses
    peaks: KeptPeaks
    erasure: ProjectErasure

    @classmethod
    def of(cls, settings: Settings, catalog: SqlCatalog, flow: Flow, secret: bytes) -> Self:
        """Over these stores; `secret` is the one of `secret_key`."""
        media = open_media(settings.media_url, settings.media_dir)
        integrations = OpenIntegrations(catalog, secret)
        peaks = KeptPeaks(media, settings.incoming_dir)
        default = catalog.ensure_defaults(public_key=settings.public_key).project_id
        return cls(
            settings=settings,
            catalog=catalog,
            flow=flow,
            media=media,
            recordings=Recordings(
                flow.accept,
                media,
                settings.incoming_dir,
                settings.max_recording_bytes,
                catalog.admin.projects.keeps_recordings,
            ),
            integrations=integrations,
            twilio=TwilioAccounts(settings, integrations, default),
            default_project=default,
            addresses=AlertAddresses(secret, AllowedHosts.of(settings.fetch_hosts)),
            peaks=peaks,
            erasure=ProjectErasure(flow.store, flow.store.ages, catalog, media, peaks),
        )


def background_of(means: Means) -> Worker:
    """What settles sessions, fetches and listens to their recordings, and watches over them."""
    settings, flow, media = means.settings, means.flow, means.media
    claiming = Claiming(means.catalog.admin.claims if flow.store.is_shared else None)

    async def recall(limit: int) -> None:
        flow.pending.mark_sessions(await flow.store.waiting_recordings(limit))

    source = AudioSource(
        AllowedHosts.of(settings.fetch_hosts),
        means.twilio.token,
        same_s3(settings.media_url),
        means.default_project,
    )
    alerts = means.catalog.admin.alerts
    attendants: list[Attendant] = [
        RecordingFetcher(source, means.recordings, flow.accept, recall, flow.store, claiming),
        Listener(flow.store, media, flow.accept, settings.listening_dir, claiming),
        AlertWatch(
            flow.store,
            alerts,
            flow.diagnosing.diagnosis,
            Courier(alerts, means.addresses),
            settings.alert_seconds,
        ),
        Retention(
            flow,
            means.catalog,
            media,
            means.peaks,
            settings.retention_days,
            claiming,
        ),
        means.erasure,
    ]
    return Worker(flow, settings.silence_ns, attendants)
