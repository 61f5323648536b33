/** What a row is, as a sign. */

import {
  Binary,
  Bot,
  Box,
  Captions,
  CircleUser,
  ClipboardCheck,
  Database,
  Hourglass,
  type LucideIcon,
  MessagesSquare,
  Mic,
  Phone,
  Shield,
  Sparkles,
  Volume2,
  Waypoints,
  Wrench,
  Zap,
} from "lucide-react";
import type { SchemaRowBody } from "../../api/schema";
import { colourOf, type Family, familyOf } from "./family";

export const FAMILY_ICONS: Record<Family, LucideIcon> = {
  turn: MessagesSquare,
  speech: Mic,
  eou: Hourglass,
  stt: Captions,
  llm: Sparkles,
  tool: Wrench,
  tts: Volume2,
  other: Box,
};

const BY_STEP: Partial<Record<SchemaRowBody["step"], LucideIcon>> = {
  session: Phone,
  user_turn: CircleUser,
  agent_turn: Bot,
  agent_speaking: Volume2,
  handoff: Waypoints,
};

const BY_KIND: Partial<Record<SchemaRowBody["kind"], LucideIcon>> = {
  AGENT: Bot,
  CHAIN: Waypoints,
  EVENT: Zap,
  RETRIEVER: Database,
  EMBEDDING: Binary,
  EVALUATOR: ClipboardCheck,
  GUARDRAIL: Shield,
};

export function RowIcon({
  row,
  size = 14,
}: {
  row: Pick<SchemaRowBody, "step" | "kind" | "level">;
  size?: number;
}) {
  const family = familyOf(row);
  const own = BY_STEP[row.step] ?? (family === "other" ? BY_KIND[row.kind] : undefined);
  const Icon = own ?? FAMILY_ICONS[family];
  return <Icon className="row-icon" size={size} color={colourOf(row)} aria-hidden />;
}
