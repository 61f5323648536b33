/** What people call the cases: given by a key or a list, and taken back. */

import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { write } from "../../api/client";
import type {
  SchemaCaseBody,
  SchemaCasesBody,
  SchemaLabel,
  SchemaLabelBody,
} from "../../api/schema";

/** In the order of their keys, 1 to 4. */
export const LABELS: readonly (readonly [SchemaLabel, string])[] = [
  ["interruption", "True interruption"],
  ["backchannel", "Backchannel"],
  ["missed", "Missed"],
  ["cut_off", "Cut off early"],
];

/** The label that a key stands for, null for the key that takes one back. */
export function labelOfKey(key: string): SchemaLabel | null | undefined {
  return key === "0" ? null : LABELS[Number(key) - 1]?.[0];
}

/** The answer with one case called something else. */
export function relabelled(
  found: SchemaCasesBody,
  one: Pick<SchemaCaseBody, "id" | "sessionId">,
  label: SchemaLabelBody | null,
): SchemaCasesBody {
  const data = found.data.map((each) =>
    each.id === one.id && each.sessionId === one.sessionId ? { ...each, label } : each,
  );
  return { ...found, data };
}

interface Deed {
  one: SchemaCaseBody;
  label: SchemaLabel | null;
}

export interface Labelling {
  call: (one: SchemaCaseBody, label: SchemaLabel | null) => void;
  /** Makes the last deed undone; undefined while there is none. */
  undo: (() => void) | undefined;
  error: Error | null;
}

export function useLabels(key: QueryKey): Labelling {
  const queries = useQueryClient();
  const [before, setBefore] = useState<readonly Deed[]>([]);
  const change = useMutation({
    // One after the other, so that the last one said is what stays.
    scope: { id: "labels" },
    mutationFn: async ({ one, label }: Deed) => {
      const place = `/sessions/${encodeURIComponent(one.sessionId)}/cases/${encodeURIComponent(one.id)}/label`;
      const made = label
        ? await write<SchemaLabelBody>("PUT", place, { label })
        : await write("DELETE", place).then(() => null);
      queries.setQueryData<SchemaCasesBody>(key, (found) => found && relabelled(found, one, made));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["gate-cases"] }),
  });
  return {
    call: (one, label) => {
      const was = one.label?.label ?? null;
      if (was === label) return;
      setBefore((deeds) => [...deeds, { one, label: was }]);
      change.mutate({ one, label });
    },
    undo: before.length
      ? () => {
          const last = before.at(-1);
          setBefore(before.slice(0, -1));
          if (last) change.mutate(last);
        }
      : undefined,
    error: change.error,
  };
}
