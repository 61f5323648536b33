/** What models cost: the package's own table, prices of one's own, and both applied to the past. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { post, write } from "../../api/client";
import { ConfirmButton, FormDialog } from "../../elements/dialogs";
import { Choice, Field } from "../../elements/Field";
import { Table } from "../../elements/Table";
import { ApplyPrices } from "./ApplyPrices";
import { Asked } from "./Asked";
import { grouped, matching, type Priced, perUnit, SCOPES, UNITS } from "./prices";
import { type Price, prices } from "./questions";
import { Section } from "./Section";

/** More rows than this are shown when asked for: nobody reads them, and each costs the page. */
const SHOWN = 100;

export function PricesPart() {
  const { project } = useParams({ from: "/inside/p/$project/settings" });
  const { q, all } = useSearch({ from: "/inside/p/$project/settings/prices" });
  const navigate = useNavigate({ from: "/p/$project/settings/prices" });
  const question = useQuery(prices(project, true));
  return (
    <Section
      title="Prices"
      about="What a unit of a model costs. Your own prices go before the built-in ones; what senders report themselves stays as it is."
      action={<AddPrice project={project} />}
    >
      <div className="settings-bar">
        <input
          className="input"
          type="search"
          aria-label="Filter prices"
          placeholder="Model, provider or unit"
          value={q ?? ""}
          onChange={(event) =>
            void navigate({
              search: { q: event.currentTarget.value || undefined },
              replace: true,
            })
          }
        />
        <ApplyPrices project={project} />
      </div>
      <Asked question={question}>
        {(found) => {
          const rows = matching(found.data, q ?? "");
          const own = rows.filter((price) => price.id !== null);
          const builtIn = rows.filter((price) => price.id === null);
          const models = grouped(builtIn);
          const shown = all ? models : models.slice(0, SHOWN);
          return (
            <>
              <h3>Your own</h3>
              <PriceTable
                label="Your own prices"
                rows={own}
                empty={q ? "None fits." : "None: the built-in prices hold."}
              />
              <h3>Built in</h3>
              <BuiltIn rows={shown} />
              {shown.length < models.length && (
                <button
                  type="button"
                  className="button"
                  onClick={() => void navigate({ search: { q, all: true }, replace: true })}
                >
                  Show all {models.length}
                </button>
              )}
            </>
          );
        }}
      </Asked>
    </Section>
  );
}

function PriceTable({
  label,
  rows,
  empty,
}: {
  label: string;
  rows: readonly Price[];
  empty: string;
}) {
  const queries = useQueryClient();
  async function remove(price: Price) {
    await write("DELETE", `/v1/prices/${price.id}`);
    await queries.invalidateQueries({ queryKey: ["prices"] });
  }
  return (
    <Table
      label={label}
      rows={rows}
      rowKey={(price) => price.id ?? ""}
      empty={empty}
      columns={[
        {
          name: "Model",
          cell: (price) => (
            <>
              <strong>{price.name || price.match}</strong>
              {price.name !== price.match && (
                <div className="mono quiet small match">{price.match}</div>
              )}
            </>
          ),
        },
        { name: "Provider", cell: (price) => price.provider || <span className="quiet">any</span> },
        { name: "Stage", cell: (price) => price.stage },
        {
          name: "Price",
          className: "number",
          cell: (price) => (
            <>
              {perUnit(price)}
              {price.tierCondition && <div className="quiet small">{price.tierCondition}</div>}
            </>
          ),
        },
        { name: "Holds", cell: (price) => <Dates price={price} /> },
        {
          name: "For",
          cell: (price) => price.project ?? SCOPES[price.scope] ?? price.scope,
        },
        {
          name: "Remove",
          isNameHidden: true,
          className: "end",
          cell: (price) =>
            price.id !== null &&
            price.scope !== "everyone" && (
              <ConfirmButton
                action="Remove"
                label={`Remove the price of ${price.name || price.match}`}
                title={`Remove the price of ${price.name || price.match}?`}
                confirmed={() => remove(price)}
              >
                What begins from now on costs what the price behind it says. Stored sessions stay
                until you apply the prices to them.
              </ConfirmButton>
            ),
        },
      ]}
    />
  );
}

function BuiltIn({ rows }: { rows: readonly Priced[] }) {
  return (
    <Table
      label="Built-in prices"
      rows={rows}
      rowKey={({ first }) =>
        JSON.stringify([first.match, first.provider, first.stage, first.startDate])
      }
      empty="None fits."
      columns={[
        {
          name: "Model",
          cell: ({ first }) => (
            <>
              <strong>{first.name || first.match}</strong>
              {first.name !== first.match && (
                <div className="mono quiet small match">{first.match}</div>
              )}
            </>
          ),
        },
        { name: "Stage", cell: ({ first }) => first.stage },
        {
          name: "Price",
          className: "number",
          cell: ({ prices: all }) =>
            all.map((price) => (
              <div key={`${price.unit} ${price.tierCondition}`}>
                {perUnit(price)}
                {price.tierCondition && <span className="quiet small"> {price.tierCondition}</span>}
              </div>
            )),
        },
        { name: "Holds", cell: ({ first }) => <Dates price={first} /> },
        {
          name: "Source",
          className: "nowrap",
          cell: ({ first }) =>
            first.sourceUrl ? (
              <a href={first.sourceUrl} rel="noreferrer" target="_blank" title={first.sourceUrl}>
                {first.checkedOn ? `seen ${first.checkedOn}` : "page"}
              </a>
            ) : (
              <span className="quiet">{first.checkedOn ?? "not said"}</span>
            ),
        },
      ]}
    />
  );
}

function Dates({ price }: { price: Price }) {
  if (!price.startDate && !price.endDate) return <span className="quiet">always</span>;
  return (
    <span className="nowrap">
      {price.startDate ?? "…"} – {price.endDate ?? "…"}
    </span>
  );
}

function AddPrice({ project }: { project: string }) {
  const queries = useQueryClient();
  async function add(form: FormData) {
    const said = (name: string) => String(form.get(name) ?? "").trim();
    await post("/v1/prices", {
      match: said("match"),
      name: said("name"),
      provider: said("provider"),
      unit: said("unit"),
      usd: said("usd"),
      per: Number(said("per")),
      startDate: said("startDate") || null,
      project: said("reach") === "project" ? project : null,
    });
    await queries.invalidateQueries({ queryKey: ["prices"] });
  }
  return (
    <FormDialog
      title="Add a price"
      trigger={
        <button type="button" className="button primary">
          <Plus size={16} aria-hidden /> Add price
        </button>
      }
      submit="Add price"
      send={add}
    >
      {(wrong) => (
        <>
          <Field
            label="Model"
            name="match"
            hint="A regular expression of the whole name, for example gpt-4o-mini.*"
            error={wrong?.fields.match}
          />
          <div className="form-pair">
            <Field label="Name (may be empty)" name="name" error={wrong?.fields.name} />
            <Field label="Provider (empty: any)" name="provider" error={wrong?.fields.provider} />
          </div>
          <Choice label="Unit" name="unit" options={UNITS} error={wrong?.fields.unit} />
          <div className="form-pair">
            <Field label="US dollars" name="usd" placeholder="0.15" error={wrong?.fields.usd} />
            <Choice
              label="For"
              name="per"
              defaultValue="1000000"
              options={[
                ["1", "1 unit"],
                ["60", "60 units"],
                ["1000", "1,000 units"],
                ["1000000", "1,000,000 units"],
              ]}
              error={wrong?.fields.per}
            />
          </div>
          <div className="form-pair">
            <Field
              label="From (empty: always)"
              name="startDate"
              type="date"
              error={wrong?.fields.startDate}
            />
            <Choice
              label="Holds for"
              name="reach"
              options={[
                ["tenant", "all projects"],
                ["project", `${project} alone`],
              ]}
              error={wrong?.fields.project}
            />
          </div>
        </>
      )}
    </FormDialog>
  );
}
