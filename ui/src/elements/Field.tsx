/** One field of a form with its label, its hint and what is wrong with it. */

import { type ReactNode, type Ref, useId } from "react";

interface Props {
  label: string;
  name: string;
  error?: string | undefined;
  hint?: ReactNode;
}

interface InputProps extends Props {
  type?: string;
  input?: Ref<HTMLInputElement>;
  defaultValue?: string | number | undefined;
  placeholder?: string;
  autoComplete?: string;
  required?: boolean;
  min?: number;
  max?: number;
  step?: number | "any";
}

export function Field({ label, name, error, hint, input, type = "text", ...rest }: InputProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        ref={input}
        className="input"
        name={name}
        type={type}
        {...described(id, error, hint)}
        {...rest}
      />
      <Below id={id} error={error} hint={hint} />
    </div>
  );
}

interface ChoiceProps extends Props {
  options: readonly (readonly [value: string, name: string])[];
  defaultValue?: string | undefined;
  onChange?: (value: string) => void;
}

export function Choice({ label, name, error, hint, options, defaultValue, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input"
        name={name}
        defaultValue={defaultValue}
        onChange={(event) => onChange?.(event.currentTarget.value)}
        {...described(id, error, hint)}
      >
        {options.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </select>
      <Below id={id} error={error} hint={hint} />
    </div>
  );
}

function described(id: string, error: string | undefined, hint: ReactNode) {
  const names = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return {
    "aria-invalid": error ? true : undefined,
    "aria-describedby": names || undefined,
  };
}

function Below({ id, error, hint }: { id: string; error: string | undefined; hint: ReactNode }) {
  return (
    <>
      {hint && (
        <p className="quiet small" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </>
  );
}
