/** The migration command: `up [version]`, `down [version]`, `version`, `force <version>`, `create <name>`. */
import { ConfigError, databaseConfig, databaseEnv, envSchema, readEnv } from '@whoosh/config';
import { MIGRATIONS_DIRECTORY } from './migration-files.ts';
import { createMigration } from './migration-template.ts';
import { forceVersion, migrate, MigrationError, migrationState } from './migrations.ts';

const USAGE = 'usage: up [version] | down [version] | version | force <version> | create <name>';

class UsageError extends Error {}

const say = (line: string) => process.stdout.write(`${line}\n`);

function versionOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw new UsageError(`a version is a number; ${USAGE}`);
  return Number(text);
}

async function run([command = '', argument]: readonly string[]): Promise<void> {
  if (command === 'create') {
    for (const file of await createMigration(MIGRATIONS_DIRECTORY, argument ?? ''))
      say(`made migrations/${file}`);
    return;
  }
  const version = versionOf(argument);
  const { url } = databaseConfig(readEnv(envSchema(databaseEnv), process.env));
  switch (command) {
    case 'up':
    case 'down': {
      const at = await migrate({
        url,
        direction: command,
        ...(version !== undefined && { target: version }),
      });
      say(`the schema is at version ${at}`);
      break;
    }
    case 'version': {
      const { version: at, dirty, latest, pending } = await migrationState({ url });
      say(`version ${at} of ${latest}${dirty ? ', dirty' : ''}, ${pending.length} pending`);
      break;
    }
    case 'force':
      if (version === undefined) throw new UsageError(`force which version? ${USAGE}`);
      await forceVersion({ url, version });
      say(`the schema is taken to be at version ${version}, clean`);
      break;
    default:
      throw new UsageError(USAGE);
  }
}

try {
  await run(process.argv.slice(2));
} catch (cause) {
  const isExpected =
    cause instanceof ConfigError || cause instanceof MigrationError || cause instanceof UsageError;
  process.stderr.write(`${isExpected ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
