/** What opens over a page: a form, or the question whether something is meant. */

import { X } from "lucide-react";
import { AlertDialog, Dialog } from "radix-ui";
import { type FormEvent, type ReactNode, useState } from "react";
import { type ApiError, asError } from "../api/client";
import { RequestId } from "./states";

interface FormDialogProps {
  title: string;
  /** The button that opens it. */
  trigger: ReactNode;
  submit: string;
  /** Sends the form; what it throws is shown, and it is closed once this is done. */
  send: (form: FormData) => Promise<unknown>;
  /** What is shown in place of the fields afterwards, such as a secret that is told once. */
  after?: ReactNode;
  onClose?: () => void;
  /** For one whose code has come because somebody wants it. */
  isOpenAtFirst?: boolean;
  children: (error: ApiError | undefined) => ReactNode;
}

export function FormDialog(props: FormDialogProps) {
  const { title, trigger, submit, send, after, onClose, isOpenAtFirst = false, children } = props;
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const [wrong, setWrong] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);

  function change(open: boolean) {
    setOpen(open);
    setWrong(undefined);
    if (!open) onClose?.();
  }
  async function submitted(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    setWrong(undefined);
    try {
      const keepOpen = await send(new FormData(event.currentTarget));
      if (keepOpen !== true) change(false);
    } catch (error) {
      setWrong(asError(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <Dialog.Root open={isOpen} onOpenChange={change}>
      <Dialog.Trigger asChild>{trigger}</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <div className="dialog-head">
            <Dialog.Title>{title}</Dialog.Title>
            <Dialog.Close className="button plain icon" aria-label="Close">
              <X size={16} aria-hidden />
            </Dialog.Close>
          </div>
          {after ?? (
            <form className="form" onSubmit={submitted} noValidate>
              {children(wrong)}
              {wrong && !Object.keys(wrong.fields).length && (
                <p className="field-error" role="alert">
                  {wrong.message}
                </p>
              )}
              {wrong && wrong.status >= 500 && <RequestId id={wrong.requestId} />}
              <div className="form-end">
                <Dialog.Close className="button">Cancel</Dialog.Close>
                <button type="submit" className="button primary" disabled={isBusy}>
                  {submit}
                </button>
              </div>
            </form>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface ConfirmProps {
  /** What the button and its question are about, for example "Revoke". */
  action: string;
  /** Read in place of the button's text where several buttons have the same one. */
  label: string;
  title: string;
  children: ReactNode;
  confirmed: () => Promise<unknown>;
}

/** A button that asks before it does what cannot be undone. */
export function ConfirmButton({ action, label, title, children, confirmed }: ConfirmProps) {
  const [isOpen, setOpen] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  async function confirm() {
    setBusy(true);
    setWrong(undefined);
    try {
      await confirmed();
      setOpen(false);
    } catch (error) {
      setWrong(asError(error).message);
    } finally {
      setBusy(false);
    }
  }
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={setOpen}>
      <AlertDialog.Trigger className="button small-button" aria-label={label}>
        {action}
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="overlay" />
        <AlertDialog.Content className="dialog">
          <AlertDialog.Title>{title}</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="dialog-text">{children}</div>
          </AlertDialog.Description>
          {wrong && (
            <p className="field-error" role="alert">
              {wrong}
            </p>
          )}
          <div className="form-end">
            <AlertDialog.Cancel className="button">Cancel</AlertDialog.Cancel>
            <button
              type="button"
              className="button danger"
              disabled={isBusy}
              onClick={() => void confirm()}
            >
              {action}
            </button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
