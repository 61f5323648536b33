/** Short names of what the server tells of a call. */

import type {
  SchemaInterruptionBody,
  SchemaPathPartBody,
  SchemaResponseBody,
  SchemaSessionBody,
  SchemaTurnBody,
} from "../../api/schema";

export type Call = SchemaSessionBody;
export type Turn = SchemaTurnBody;
export type Overlap = SchemaInterruptionBody;
export type ResponsePath = SchemaResponseBody;
export type PathPart = SchemaPathPartBody;
