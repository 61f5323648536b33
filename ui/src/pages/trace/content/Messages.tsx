/** A prompt or an answer, message by message. */

import { CornerDownRight, Wrench } from "lucide-react";
import { useState } from "react";
import { count } from "../../../format/figures";
import { Text } from "./Body";
import { JsonTree } from "./JsonTree";
import { isObject, type Json } from "./json";
import { Media } from "./Media";
import type { Message, Piece } from "./messages";

/** Of a longer conversation the first and the last messages are shown, the rest on demand. */
const MOST = 24;
const FIRST = 2;

export function Messages({ messages }: { messages: readonly Message[] }) {
  const [areAll, setAll] = useState(false);
  const hidden = areAll ? 0 : Math.max(0, messages.length - MOST);
  return (
    <ol className="messages">
      {messages.map((each, place) => {
        if (hidden && place >= FIRST && place < FIRST + hidden) {
          if (place > FIRST) return null;
          return (
            <li key="hidden">
              <button type="button" className="link" onClick={() => setAll(true)}>
                {count(hidden)} more messages
              </button>
            </li>
          );
        }
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the messages of a prompt never change places
          <li key={place} className={`message ${each.role}`}>
            <h4>{each.role || "message"}</h4>
            {each.pieces.length ? (
              each.pieces.map((piece, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <PieceView key={at} piece={piece} />
              ))
            ) : (
              <p className="quiet small">empty</p>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function PieceView({ piece }: { piece: Piece }) {
  if (piece.is === "text") return <Text text={piece.text} />;
  if (piece.is === "file") return <Media file={piece.file} />;
  if (piece.is === "value") return <ValueView value={piece.value} />;
  const isCall = piece.is === "call";
  return (
    <div className="tool-piece">
      <p className="tool-name">
        {isCall ? <Wrench size={13} aria-hidden /> : <CornerDownRight size={13} aria-hidden />}
        <span className="mono">{piece.name || "tool"}</span>
        <span className="quiet small">{isCall ? "called" : "answered"}</span>
        {!isCall && piece.isError && <span className="badge bad">error</span>}
      </p>
      <ValueView value={isCall ? piece.arguments : piece.output} />
    </div>
  );
}

function ValueView({ value }: { value: Json }) {
  if (typeof value === "string") return <Text text={value} />;
  if (isObject(value) || Array.isArray(value)) {
    return (
      <div className="code">
        <JsonTree value={value} openLevels={3} />
      </div>
    );
  }
  return value === null ? <p className="quiet small">nothing</p> : <Text text={String(value)} />;
}
