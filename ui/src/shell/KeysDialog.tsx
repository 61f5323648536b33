/** What the keys do, drawn when somebody asks. */

import { Dialog } from "radix-ui";

/** What the keys do, by page; a page that binds a key says so here. */
const GROUPS = [
  { name: "Everywhere", keys: [["?", "These keys"]] },
  {
    name: "Charts",
    keys: [
      ["← / →", "Stretch before or after"],
      ["Enter", "Its sessions"],
    ],
  },
  {
    name: "Sessions",
    keys: [
      ["/", "Search"],
      ["J / K", "Next or previous session"],
      ["Enter", "Open it"],
      ["C", "Choose it to compare; then another"],
    ],
  },
  {
    name: "Interruption gate",
    keys: [
      ["J / K", "Next or previous case"],
      ["P", "Play its four seconds"],
      ["1 2 3 4", "True interruption, backchannel, missed, cut off early"],
      ["0", "Take the label back"],
      ["U", "Undo the last label"],
    ],
  },
  {
    name: "Session",
    keys: [
      ["Space", "Play or pause"],
      ["J / K", "Next or previous turn"],
      ["I", "Next interruption"],
      ["E", "Next error"],
      ["← / →", "Five seconds back or on"],
      ["+ / −", "Nearer or farther"],
      ["F", "Fit the turn"],
      ["0", "Whole call"],
    ],
  },
  {
    name: "Trace",
    keys: [
      ["Arrows", "Move, open and close rows; a letter goes to the next name"],
      ["F / 0", "Fit the selection, or the whole trace"],
      ["+ / −", "Zoom; [ and ] go back and on"],
      ["C", "Critical path"],
      ["E", "Next error"],
      ["N / P", "Next or previous trace"],
    ],
  },
] as const;

export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title>Keys</Dialog.Title>
          {GROUPS.map((group) => (
            <section key={group.name} className="keys">
              <h2>{group.name}</h2>
              <dl>
                {group.keys.map(([key, does]) => (
                  <div key={key}>
                    <dt>
                      <kbd>{key}</kbd>
                    </dt>
                    <dd>{does}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
          <Dialog.Close className="button">Close</Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
