/** What a question to the server came to: its answer, the wait for it, or its refusal. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure, Loading } from "../../elements/states";

export function Asked<T>({
  question,
  children,
}: {
  question: UseQueryResult<T>;
  children: (answer: T) => ReactNode;
}) {
  if (question.data !== undefined) return children(question.data);
  if (question.isError) {
    return <Failure error={question.error} retry={() => void question.refetch()} />;
  }
  return <Loading lines={4} />;
}
