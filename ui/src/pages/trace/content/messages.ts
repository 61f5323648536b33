/** Prompts and answers as messages by role, in whichever of the usual forms they were sent. */

import { isObject, type Json, parse } from "./json";
import { fileOf, type NamedFile } from "./media";

export type Piece =
  | { is: "text"; text: string }
  | { is: "call"; name: string; arguments: Json }
  | { is: "result"; name: string; output: Json; isError: boolean }
  | { is: "file"; file: NamedFile }
  | { is: "value"; value: Json };

export interface Message {
  role: string;
  pieces: Piece[];
}

type Fields = { [name: string]: Json };

const ROLES: Record<string, string> = {
  human: "user",
  humanmessage: "user",
  ai: "assistant",
  aimessage: "assistant",
  aimessagechunk: "assistant",
  model: "assistant",
  function: "tool",
  toolmessage: "tool",
  systemmessage: "system",
};
const LISTS = ["messages", "items", "input", "inputs", "contents", "choices", "generations"];
const TEXTS = ["text", "content", "transcript", "refusal", "thinking", "reasoning"];
const DEEPEST = 6;

/** The messages in a content; undefined if it is something else. */
export function messagesOf(value: Json, level = 0): Message[] | undefined {
  if (level > DEEPEST) return undefined;
  if (Array.isArray(value)) {
    const found = value.map((each) => messagesOf(each, level + 1));
    return found.length && found.every((each) => each !== undefined) ? found.flat() : undefined;
  }
  if (!isObject(value)) return undefined;
  if (isMessage(value)) return [message(value)];
  for (const name of LISTS) {
    const inner = value[name];
    const found = Array.isArray(inner) ? messagesOf(inner, level + 1) : undefined;
    if (found) return [...systemOf(value), ...found];
  }
  return undefined;
}

/** Instructions that stand beside the messages and not among them. */
function systemOf(value: Fields): Message[] {
  const said = value.system ?? value.instructions ?? value.system_instruction;
  return said === undefined || said === null ? [] : [{ role: "system", pieces: piecesOf(said) }];
}

function isMessage(value: Fields): boolean {
  if (typeof value.role === "string") return true;
  if (value.type === "function_call" || value.type === "function_call_output") return true;
  if (isObject(value.message) || (isObject(value.kwargs) && "content" in value.kwargs)) return true;
  return typeof value.type === "string" && ("content" in value || "parts" in value);
}

function message(value: Fields): Message {
  if (isObject(value.message)) return message(value.message);
  if (isObject(value.kwargs)) {
    const named = Array.isArray(value.id) ? value.id.at(-1) : undefined;
    return message({ ...value.kwargs, role: named ?? value.kwargs.type ?? "" });
  }
  if (value.type === "function_call") return { role: "assistant", pieces: [call(value)] };
  const role = roleOf(value);
  if (role === "tool" && !Array.isArray(value.parts)) return { role, pieces: [result(value)] };
  const calls = Array.isArray(value.tool_calls) ? value.tool_calls.filter(isObject).map(call) : [];
  const said = value.parts ?? value.content ?? value.text ?? null;
  return { role, pieces: [...(said === null ? [] : piecesOf(said)), ...calls] };
}

function roleOf(value: Fields): string {
  if (value.type === "function_call_output") return "tool";
  const named = String(value.role ?? value.type ?? "").toLowerCase();
  return ROLES[named] ?? named;
}

function piecesOf(said: Json): Piece[] {
  if (typeof said === "string") return said ? [{ is: "text", text: said }] : [];
  if (Array.isArray(said)) return said.flatMap(piecesOf);
  return isObject(said) ? [pieceOf(said)] : [{ is: "value", value: said }];
}

function pieceOf(part: Fields): Piece {
  const kind = String(part.type ?? "");
  if (isObject(part.function_call)) return call(part.function_call);
  if (isObject(part.function_response)) return result(part.function_response);
  if (["tool_call", "tool_use", "function_call"].includes(kind)) return call(part);
  if (["tool_call_response", "tool_result"].includes(kind)) return result(part);
  const file = fileIn(part);
  if (file) return { is: "file", file };
  const text = TEXTS.map((name) => part[name]).find((each) => typeof each === "string");
  const rest = Object.keys(part).filter((name) => !["type", "index", "annotations"].includes(name));
  // What says more than a text is shown as it is.
  if (typeof text === "string" && rest.length === 1) return { is: "text", text };
  return { is: "value", value: part };
}

/** The picture or the sound that a part is about, as deep as the usual forms have it. */
function fileIn(value: Json, level = 0): NamedFile | undefined {
  if (typeof value === "string") return fileOf(value);
  if (!isObject(value) || level > 2) return undefined;
  for (const each of Object.values(value)) {
    const found = fileIn(each, level + 1);
    if (found) return found;
  }
  return undefined;
}

function first(value: Fields, ...names: string[]): Json {
  return names.map((name) => value[name]).find((each) => each !== undefined) ?? null;
}

function call(value: Fields): Piece {
  const inner = isObject(value.function) ? value.function : value;
  const given = first(inner, "arguments", "args", "input");
  return { is: "call", name: String(inner.name ?? ""), arguments: unpacked(given) };
}

function result(value: Fields): Piece {
  return {
    is: "result",
    name: String(value.name ?? value.tool_name ?? ""),
    output: unpacked(first(value, "output", "response", "result", "content")),
    isError: value.is_error === true || value.status === "error",
  };
}

/** JSON that was sent as a text. */
export function unpacked(value: Json): Json {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return parse(value) ?? value;
}
