/** What everybody arranges for themselves: their password, and where they are logged in. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { asError, post } from "../../api/client";
import { me } from "../../api/queries";
import type { SchemaMe, SchemaPasswordChange } from "../../api/schema";
import { ConfirmButton } from "../../elements/dialogs";
import { Field } from "../../elements/Field";
import { Asked } from "./Asked";
import { Section } from "./Section";

export function AccountPart() {
  const question = useQuery(me);
  return (
    <Section title="Your account" about="What is here concerns nobody but you.">
      <Asked question={question}>
        {(person) => (
          <>
            <p>
              <strong>{person.email}</strong>, {person.role} of {person.tenant}
            </p>
            <Password />
            <Browsers person={person} />
          </>
        )}
      </Asked>
    </Section>
  );
}

function Password() {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (form: HTMLFormElement) => {
      const given = new FormData(form);
      const body: SchemaPasswordChange = {
        oldPassword: String(given.get("oldPassword")),
        newPassword: String(given.get("newPassword")),
      };
      return post("/password", body);
    },
    onSuccess: (_, form) => {
      form.reset();
      return queries.invalidateQueries({ queryKey: me.queryKey });
    },
  });
  const wrong = change.isError ? asError(change.error) : undefined;
  return (
    <form
      className="panel form settings-form"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(event.currentTarget);
      }}
      noValidate
    >
      <h3>Password</h3>
      <Field
        label="Old password"
        name="oldPassword"
        type="password"
        autoComplete="current-password"
        error={wrong?.fields.oldPassword}
      />
      <Field
        label="New password"
        name="newPassword"
        type="password"
        autoComplete="new-password"
        hint="At least 8 characters. All your other browsers are logged out."
        error={wrong?.fields.password}
      />
      {wrong && !wrong.fields.oldPassword && !wrong.fields.password && (
        <p className="field-error" role="alert">
          {wrong.message}
        </p>
      )}
      <div className="form-end start">
        <button type="submit" className="button primary" disabled={change.isPending}>
          Change password
        </button>
        <span role="status" className="quiet">
          {change.isSuccess && "Your password is changed."}
        </span>
      </div>
    </form>
  );
}

function Browsers({ person }: { person: SchemaMe }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  async function logOut() {
    await post("/logout-everywhere");
    queries.clear();
    await navigate({ to: "/login", search: { next: undefined } });
  }
  const others = person.browsers - 1;
  return (
    <section className="panel form settings-form" aria-labelledby="browsers">
      <h3 id="browsers">Where you are logged in</h3>
      <p>
        {others > 0
          ? `In this browser and in ${others} other${others > 1 ? "s" : ""}.`
          : "In this browser alone."}{" "}
        A log-in ends by itself after 14 days.
      </p>
      <div className="form-end start">
        <ConfirmButton
          action="Log out everywhere"
          label="Log out everywhere"
          title="Log out everywhere?"
          confirmed={logOut}
        >
          Every browser that you are logged in with is logged out at once, this one too. Your API
          keys go on to hold.
        </ConfirmButton>
      </div>
    </section>
  );
}
