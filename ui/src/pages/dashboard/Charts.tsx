/** The course of a project in four charts; the code that draws comes when it is needed. */

import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import type { SchemaDashboardBody, SchemaFiguresBody } from "../../api/schema";
import { along, grid } from "../../charts/axes";
import type { Line } from "../../charts/Chart";
import { decimal, duration, exactInstant, money, stretch } from "../../format/figures";
import { type PeriodSearch, sessionsBetween } from "../../period/search";
import type { SessionsSearch } from "../sessions/search";
import { p99 } from "./p99";

const Chart = lazy(() => import("../../charts/Chart"));

interface Props {
  project: string;
  search: PeriodSearch;
  found: SchemaDashboardBody;
  onChange: (to: PeriodSearch) => void;
}

type Figures = SchemaFiguresBody;
type Of = (figures: Figures) => number | null;

const per100 = (some: number, turns: number) => (turns ? (100 * some) / turns : null);

const LATENCIES: readonly [string, string, Of][] = [
  ["p50", "tts", (each) => each.responseMs.p50 ?? null],
  ["p95", "llm", (each) => each.responseMs.p95 ?? null],
  ["p99", "interruption", p99],
];
const STAGES: readonly [string, string, Of][] = [
  ["EOU", "eou", (each) => each.stageP95Ms.eou ?? null],
  ["STT", "stt", (each) => each.stageP95Ms.stt ?? null],
  ["LLM", "llm", (each) => each.stageP95Ms.llm ?? null],
  ["Tool", "tool", (each) => each.stageP95Ms.tool ?? null],
  ["TTS", "tts", (each) => each.stageP95Ms.tts ?? null],
];
const TROUBLES: readonly [string, string, Of][] = [
  ["Errors", "bad", (each) => per100(each.errors, each.turns)],
  ["Interruptions", "eou", (each) => per100(each.interruptions, each.turns)],
];

export function Charts({ project, search, found, onChange }: Props) {
  const navigate = useNavigate();
  const { fromMs, toMs, stepMs, stretches, deployments } = found;
  const places = useMemo(() => grid(fromMs, toMs, stepMs), [fromMs, toMs, stepMs]);
  const charts = useMemo(() => {
    const lines = (all: readonly [string, string, Of][]): Line[] =>
      all
        .map(([name, colour, of]) => ({
          name,
          colour,
          values: along(places, stretches, of, null),
        }))
        .filter((line) => line.values.some((value) => value !== null));
    const cost: Line[] = [
      {
        name: "USD",
        colour: "accent",
        values: along(places, stretches, (each) => each.costUsd, 0),
        isFilled: true,
        isCount: true,
      },
    ];
    return { latency: lines(LATENCIES), stages: lines(STAGES), cost, troubles: lines(TROUBLES) };
  }, [places, stretches]);
  const markers = useMemo(
    () => deployments.map((each) => ({ atMs: each.atMs, name: `${each.agent} ${each.version}` })),
    [deployments],
  );
  const onRange = useCallback(
    (from: number, to: number) =>
      onChange({ ...search, range: undefined, from: Math.floor(from), to: Math.ceil(to) }),
    [search, onChange],
  );
  const opens = (more: Partial<SessionsSearch>) => (from: number, to: number) =>
    void navigate({
      to: "/p/$project/sessions",
      params: { project },
      search: sessionsBetween(search, Math.max(from, fromMs), Math.min(to, toMs), more),
    });
  const shared = { startsMs: places, stepMs, markers, onRange };
  const every = `in stretches of ${stretch(stepMs)}`;
  return (
    <>
      <section className="charts" aria-label="Course">
        <Suspense fallback={<Waiting />}>
          <Chart
            {...shared}
            title="Response latency"
            summary={`Percentiles ${every}.`}
            lines={charts.latency}
            format={duration}
            onOpen={opens({ sort: "p95" })}
          />
          <Chart
            {...shared}
            title="Stages, p95"
            summary={`The 95th percentile of each stage ${every}.`}
            lines={charts.stages}
            format={duration}
            onOpen={opens({ sort: "p95" })}
          />
          <Chart
            {...shared}
            title={`Cost per ${stretch(stepMs)}`}
            summary={`US dollars ${every}.`}
            lines={charts.cost}
            format={money}
            onOpen={opens({ sort: "cost" })}
          />
          <Chart
            {...shared}
            title="Errors and interruptions per 100 turns"
            summary={`Of both speakers’ turns, ${every}.`}
            lines={charts.troubles}
            format={decimal}
            onOpen={opens({ sort: "errors" })}
          />
        </Suspense>
      </section>
      {markers.length > 0 && (
        <p className="small quiet deployments">
          Dashed lines are new versions:{" "}
          {deployments.map((each, index) => (
            <span key={`${each.agent} ${each.version}`} title={exactInstant(each.atMs)}>
              {index > 0 && ", "}
              {each.agent} <b>{each.version}</b>
            </span>
          ))}
          .
        </p>
      )}
    </>
  );
}

function Waiting() {
  return (
    <>
      {["a", "b", "c", "d"].map((each) => (
        <div key={each} className="panel chart chart-waiting" />
      ))}
    </>
  );
}
