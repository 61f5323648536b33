/** The verdict of the gate in words: what it is, and the rule that decided. */

import type { SchemaVerdictBody } from "../../api/schema";
import { metricName, metricValue } from "./words";

export interface Verdict {
  outcome: "pass" | "fail" | "unknown";
  title: string;
  rule: string;
}

export function verdictOf(found: SchemaVerdictBody): Verdict {
  if (found.passed === false) {
    const broken = found.gates.filter((each) => each.passed === false);
    const said = broken.map((each) => {
      const value = metricValue(each.metric, each.value);
      return `${metricName(each.metric)} is ${value}, and may be ${metricValue(each.metric, each.threshold)} at most`;
    });
    return { outcome: "fail", title: "FAIL", rule: `${said.join("; ")}.` };
  }
  if (found.passed) {
    const decided = found.gates.filter((each) => each.passed).length;
    return {
      outcome: "pass",
      title: "PASS",
      rule: `All ${decided} limits that can be decided are kept.`,
    };
  }
  return { outcome: "unknown", title: "NOT ENOUGH DATA", rule: reason(found) };
}

function reason(found: SchemaVerdictBody): string {
  const few = (side: string, some: number) =>
    `${side} has ${some} interruptions; nothing is said below ${found.enough}.`;
  if (found.candidate.interruptions < found.enough) {
    return few("The candidate", found.candidate.interruptions);
  }
  if (found.baseline && found.baseline.interruptions < found.enough) {
    return few("The baseline", found.baseline.interruptions);
  }
  const open = found.gates.filter((each) => each.passed === null && each.isRequired);
  return `${open.map((each) => metricName(each.metric)).join(", ")} cannot be decided with so few values.`;
}
