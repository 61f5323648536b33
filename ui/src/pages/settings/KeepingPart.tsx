/** What of a project is kept, and for how long. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { asError, write } from "../../api/client";
import type { SchemaPolicyAnswer } from "../../api/schema";
import { Field } from "../../elements/Field";
import { count } from "../../format/figures";
import { Asked } from "./Asked";
import { policy } from "./questions";
import { Section } from "./Section";

export function KeepingPart() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const question = useQuery(policy(project));
  return (
    <Section
      title="Retention and recordings"
      about={`How long the sessions of “${project}” are kept, and whether their sound is.`}
    >
      <Asked question={question}>
        {(found) => <PolicyForm key={project} project={project} found={found} />}
      </Asked>
    </Section>
  );
}

function PolicyForm({ project, found }: { project: string; found: SchemaPolicyAnswer }) {
  const queries = useQueryClient();
  const [isForever, setForever] = useState(found.retentionDays === null);
  const save = useMutation({
    mutationFn: (body: { retentionDays: number | null; keepsRecordings: boolean }) =>
      write<SchemaPolicyAnswer>("PUT", `/projects/${encodeURIComponent(project)}/policy`, body),
    onSuccess: (answer) => queries.setQueryData(policy(project).queryKey, answer),
  });
  const wrong = save.isError ? asError(save.error) : undefined;
  const usual =
    found.defaultRetentionDays === null
      ? "forever"
      : `for ${count(found.defaultRetentionDays)} days`;

  function submitted(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    save.mutate({
      retentionDays: isForever ? null : Number(form.get("retentionDays")),
      keepsRecordings: form.get("keepsRecordings") === "on",
    });
  }
  return (
    <form
      className="panel form settings-form"
      onSubmit={submitted}
      onChange={() => save.reset()}
      noValidate
    >
      <fieldset className="checks">
        <legend>Sessions</legend>
        <label>
          <input type="radio" name="until" checked={isForever} onChange={() => setForever(true)} />
          <span>
            As this server is set: <strong>{usual}</strong>
          </span>
        </label>
        <label>
          <input
            type="radio"
            name="until"
            checked={!isForever}
            onChange={() => setForever(false)}
          />
          <span>For this project:</span>
        </label>
        {!isForever && (
          <Field
            label="Days after the last sign of life"
            name="retentionDays"
            type="number"
            min={1}
            max={36_500}
            defaultValue={found.retentionDays ?? 90}
            hint="Once a day older sessions are erased with their traces, recordings and judgements. This cannot be undone."
            error={wrong?.fields.retentionDays}
          />
        )}
      </fieldset>
      <fieldset className="checks">
        <legend>Recordings</legend>
        <label>
          <input type="checkbox" name="keepsRecordings" defaultChecked={found.keepsRecordings} />
          <span>
            <strong>Keep recordings</strong>{" "}
            <span className="quiet">
              Off: new sound is refused, from uploads as from carriers. What is kept stays until it
              is too old.
            </span>
          </span>
        </label>
      </fieldset>
      {wrong && !wrong.fields.retentionDays && (
        <p className="field-error" role="alert">
          {wrong.message}
        </p>
      )}
      <div className="form-end start">
        <button type="submit" className="button primary" disabled={save.isPending}>
          Save
        </button>
        <span role="status" className="quiet">
          {save.isSuccess && "Saved."}
        </span>
      </div>
    </form>
  );
}
