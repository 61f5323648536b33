/** Beside the transcript, or drawn in over it where there is no room: the details. */

import { PanelRightOpen } from "lucide-react";
import { lazy, Suspense, useState, useSyncExternalStore } from "react";
import { Details, type DetailsProps } from "./Details";

const Drawer = lazy(async () => ({ default: (await import("./Drawer")).Drawer }));
const NARROW = "(max-width: 1000px)";

export function SidePanel(props: DetailsProps) {
  const isNarrow = useSyncExternalStore(watchWidth, () => matchMedia(NARROW).matches);
  const [isOpen, setOpen] = useState(props.search.tab !== undefined);
  if (!isNarrow) return <Details {...props} />;
  const { turn, call, onTurn, onSeek } = props;
  // Whoever follows a link in the drawer wants to see where it leads.
  const leaving =
    <T extends unknown[]>(then: (...to: T) => void) =>
    (...to: T) => {
      setOpen(false);
      then(...to);
    };
  return (
    <>
      <button
        type="button"
        className="button drawer-opener"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <PanelRightOpen size={16} aria-hidden />
        {turn ? `Turn ${turn.index}: details` : "Details"}
        {call.issues.length > 0 && (
          <span className="badge bad">
            {call.issues.length} {call.issues.length === 1 ? "issue" : "issues"}
          </span>
        )}
      </button>
      {isOpen && (
        <Suspense>
          <Drawer onClose={() => setOpen(false)}>
            <Details {...props} onTurn={leaving(onTurn)} onSeek={leaving(onSeek)} />
          </Drawer>
        </Suspense>
      )}
    </>
  );
}

function watchWidth(listener: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}
