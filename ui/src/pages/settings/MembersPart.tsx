/** The people of the tenant, what they may do, and who is kept out. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { post, write } from "../../api/client";
import { me } from "../../api/queries";
import type { SchemaMemberBody, SchemaMemberChange, SchemaRole } from "../../api/schema";
import { ConfirmButton, FormDialog } from "../../elements/dialogs";
import { Choice, Field } from "../../elements/Field";
import { Table } from "../../elements/Table";
import { Asked } from "./Asked";
import { When } from "./KeysPart";
import { members } from "./questions";
import { Section } from "./Section";

const ROLES: readonly (readonly [SchemaRole, string])[] = [
  ["member", "Member: own sessions, own keys"],
  ["admin", "Admin: everything but owners"],
  ["owner", "Owner: everything"],
];

export function MembersPart() {
  const question = useQuery(members);
  const { data: person } = useQuery(me);
  const isOwner = person?.role === "owner";
  const roles = ROLES.filter(([role]) => role !== "owner" || isOwner);
  return (
    <Section
      title="Members"
      about={`The people of ${person?.tenant ?? "this tenant"}. Members see the sessions that their keys have made, owners and admins all of them.`}
      action={<AddMember roles={roles} />}
    >
      <Asked question={question}>
        {(found) => <MemberTable rows={found.data} isOwner={isOwner} roles={roles} />}
      </Asked>
    </Section>
  );
}

interface TableProps {
  rows: readonly SchemaMemberBody[];
  isOwner: boolean;
  roles: typeof ROLES;
}

function MemberTable({ rows, isOwner, roles }: TableProps) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: ({ id, ...body }: Partial<SchemaMemberChange> & { id: number }) =>
      write("PATCH", `/members/${id}`, body),
    onSettled: () => queries.invalidateQueries({ queryKey: members.queryKey }),
  });
  const mayChange = (member: SchemaMemberBody) =>
    !member.isMe && (isOwner || member.role !== "owner");
  return (
    <>
      {change.isError && (
        <p className="field-error" role="alert">
          {change.error.message}
        </p>
      )}
      <Table
        label="Members"
        rows={rows}
        rowKey={(member) => member.id}
        empty="Nobody."
        columns={[
          {
            name: "Email",
            cell: (member) => (
              <>
                <strong className={member.isActive ? undefined : "quiet"}>{member.email}</strong>{" "}
                {member.isMe && <span className="badge">you</span>}{" "}
                {!member.isActive && <span className="badge warn">deactivated</span>}
              </>
            ),
          },
          {
            name: "Role",
            cell: (member) =>
              mayChange(member) ? (
                <select
                  className="input compact"
                  aria-label={`Role of ${member.email}`}
                  value={member.role}
                  disabled={change.isPending}
                  onChange={(event) =>
                    change.mutate({ id: member.id, role: event.currentTarget.value as SchemaRole })
                  }
                >
                  {roles.map(([role]) => (
                    <option key={role} value={role}>
                      {role}
                    </option>
                  ))}
                </select>
              ) : (
                member.role
              ),
          },
          { name: "Since", cell: (member) => <When ms={member.createdMs} never="" /> },
          {
            name: "Access",
            isNameHidden: true,
            className: "end",
            cell: (member) => mayChange(member) && <Access member={member} />,
          },
        ]}
      />
    </>
  );
}

function Access({ member }: { member: SchemaMemberBody }) {
  const queries = useQueryClient();
  async function set(isActive: boolean) {
    await write("PATCH", `/members/${member.id}`, { isActive });
    await queries.invalidateQueries({ queryKey: members.queryKey });
  }
  return member.isActive ? (
    <ConfirmButton
      action="Deactivate"
      label={`Deactivate ${member.email}`}
      title={`Deactivate ${member.email}?`}
      confirmed={() => set(false)}
    >
      They are logged out at once, and their keys are refused until they are let in again.
    </ConfirmButton>
  ) : (
    <ConfirmButton
      action="Activate"
      label={`Activate ${member.email}`}
      title={`Let ${member.email} in again?`}
      confirmed={() => set(true)}
    >
      Their password and their keys hold again as they did before.
    </ConfirmButton>
  );
}

function AddMember({ roles }: { roles: typeof ROLES }) {
  const queries = useQueryClient();
  async function add(form: FormData) {
    const body = Object.fromEntries(["email", "password", "role"].map((n) => [n, form.get(n)]));
    await post("/members", body);
    await queries.invalidateQueries({ queryKey: members.queryKey });
  }
  return (
    <FormDialog
      title="Add a member"
      trigger={
        <button type="button" className="button primary">
          <UserPlus size={16} aria-hidden /> Add member
        </button>
      }
      submit="Add member"
      send={add}
    >
      {(wrong) => (
        <>
          <Field
            label="Email"
            name="email"
            type="email"
            autoComplete="off"
            error={wrong?.fields.email}
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autoComplete="new-password"
            hint="Nothing is sent by mail: tell it to them yourself."
            error={wrong?.fields.password}
          />
          <Choice label="Role" name="role" options={roles} error={wrong?.fields.role} />
        </>
      )}
    </FormDialog>
  );
}
