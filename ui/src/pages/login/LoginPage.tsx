/** The way in: log-in, or on a new server the first owner. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { safeNext } from "../../addresses";
import { ApiError, post, rememberToken } from "../../api/client";
import { serverState } from "../../api/queries";
import type { SchemaEntered } from "../../api/schema";
import { Field } from "../../elements/Field";
import { Mark } from "../../shell/Mark";
import "./login.css";

export function LoginPage() {
  const { data: state } = useQuery(serverState);
  const { next } = useSearch({ from: "/login" });
  const queries = useQueryClient();
  const router = useRouter();
  const [wrong, setWrong] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const isNew = state?.isNew ?? false;

  useEffect(() => {
    document.title = isNew ? "First owner · Turnwise" : "Log in · Turnwise";
    first.current?.focus();
  }, [isNew]);

  async function enter(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setWrong(undefined);
    try {
      const entered = await post<SchemaEntered>(isNew ? "/setup" : "/login", {
        email: form.get("email"),
        password: form.get("password"),
      });
      rememberToken(entered.csrf);
      queries.clear();
      await router.navigate({ href: safeNext(next), replace: true });
    } catch (error) {
      setWrong(error instanceof ApiError ? error : new ApiError(0, "error", String(error)));
      if (error instanceof ApiError && error.code === "not_new") void queries.invalidateQueries();
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form className="login-box panel" onSubmit={enter} noValidate>
        <div className="login-brand">
          <Mark size={36} />
          <div>
            <h1>{isNew ? "Welcome to Turnwise" : "Log in to Turnwise"}</h1>
            <p className="quiet small">
              {isNew
                ? "This server is new. Create its owner; others are invited later."
                : "See a call, hear it, find the slow second."}
            </p>
          </div>
        </div>
        <Field
          name="email"
          label="Email"
          type="email"
          autoComplete="username"
          input={first}
          required
          error={wrong?.fields.email}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          required
          error={wrong?.fields.password}
        />
        {wrong && !wrong.fields.email && !wrong.fields.password && (
          <p className="field-error" role="alert">
            {wrong.message}
          </p>
        )}
        <button type="submit" className="button primary wide" disabled={isBusy}>
          {isNew ? "Create the owner" : "Log in"}
        </button>
      </form>
    </main>
  );
}
