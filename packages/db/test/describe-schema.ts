import pg from 'pg';

const PARTS = {
  columns: `select table_name, column_name, data_type, is_nullable, column_default
            from information_schema.columns where table_schema = 'public' order by 1, 2`,
  indexes: `select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1`,
  constraints: `select conrelid::regclass::text as "table", conname, pg_get_constraintdef(oid) as definition
                from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2`,
  triggers: `select event_object_table, trigger_name, action_statement from information_schema.triggers order by 1, 2`,
  functions: `select proname, pg_get_functiondef(oid) from pg_proc
              where pronamespace = 'public'::regnamespace and prokind = 'f'
                and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e') order by 1`,
} as const;

/** Everything in the public schema that a migration can change, in a form that can be compared. */
export async function describeSchema(url: string): Promise<Record<string, unknown[]>> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const described: Record<string, unknown[]> = {};
    for (const [part, statement] of Object.entries(PARTS))
      described[part] = (await client.query(statement)).rows;
    return described;
  } finally {
    await client.end();
  }
}
