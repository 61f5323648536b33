/** Beside the transcript, or drawn in over it where there is no room: the details. */

import { PanelRightOpen, X } from "lucide-react";
import { Dialog, Tabs } from "radix-ui";
import { useState, useSyncExternalStore } from "react";
import { CausesTab } from "./CausesTab";
import { MetadataTab } from "./MetadataTab";
import type { Call, Turn } from "./measured";
import { TABS, type Tab } from "./search";
import type { Response, toolsByTurn } from "./stages";
import { TraceTab } from "./TraceTab";
import { TurnTab } from "./TurnTab";

const NAMES: Record<Tab, string> = {
  turn: "Turn",
  trace: "Trace",
  causes: "Root cause",
  metadata: "Metadata",
};
const NARROW = "(max-width: 1000px)";

interface Props {
  call: Call;
  turn: Turn | undefined;
  responses: ReadonlyMap<number, Response>;
  tools: ReturnType<typeof toolsByTurn>;
  tab: Tab | undefined;
  onTab: (tab: Tab) => void;
  onTurn: (index: number) => void;
  onStep: (by: number) => void;
  onSeek: (ms: number) => void;
}

export function SidePanel(props: Props) {
  const isNarrow = useSyncExternalStore(watchWidth, () => matchMedia(NARROW).matches);
  const [isOpen, setOpen] = useState(props.tab !== undefined);
  if (!isNarrow) return <Details {...props} />;
  const { turn, call } = props;
  // Whoever follows a link in the drawer wants to see where it leads.
  const leave = {
    onTurn: (index: number) => {
      setOpen(false);
      props.onTurn(index);
    },
    onSeek: (ms: number) => {
      setOpen(false);
      props.onSeek(ms);
    },
  };
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger className="button drawer-opener">
        <PanelRightOpen size={16} aria-hidden />
        {turn ? `Turn ${turn.index}: details` : "Details"}
        {call.issues.length > 0 && <span className="badge bad">{call.issues.length}</span>}
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="drawer" aria-describedby={undefined}>
          <Dialog.Title className="hidden-text">Details</Dialog.Title>
          <Dialog.Close className="button plain icon drawer-close" aria-label="Close">
            <X size={17} aria-hidden />
          </Dialog.Close>
          <Details {...props} {...leave} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function watchWidth(listener: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

function Details(props: Props) {
  const { call, turn, responses, tools, onTab, onTurn, onSeek, onStep } = props;
  const own = (turn && tools.get(turn.index)) ?? [];
  return (
    <Tabs.Root
      className="panel side-panel"
      value={props.tab ?? "turn"}
      onValueChange={(to) => onTab(to as Tab)}
    >
      <Tabs.List className="tabs" aria-label="Details">
        {TABS.map((each) => (
          <Tabs.Trigger key={each} value={each} className="tab">
            {NAMES[each]}
            {each === "causes" && call.issues.length > 0 && (
              <span className="badge bad">{call.issues.length}</span>
            )}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="turn" className="tab-body">
        <TurnTab
          call={call}
          turn={turn}
          responses={responses}
          tools={own}
          onTurn={onTurn}
          onStep={onStep}
        />
      </Tabs.Content>
      <Tabs.Content value="trace" className="tab-body">
        <TraceTab call={call} turn={turn} />
      </Tabs.Content>
      <Tabs.Content value="causes" className="tab-body">
        <CausesTab call={call} onTurn={onTurn} onSeek={onSeek} />
      </Tabs.Content>
      <Tabs.Content value="metadata" className="tab-body">
        <MetadataTab call={call} />
      </Tabs.Content>
    </Tabs.Root>
  );
}
