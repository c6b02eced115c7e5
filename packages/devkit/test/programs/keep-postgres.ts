// Runs an embedded PostgreSQL until it is killed; prints one line of JSON when it is up.
import { startEmbeddedPostgres } from '../../src/index.ts';

const [dataDir = '', password = ''] = process.argv.slice(2);
const server = await startEmbeddedPostgres({ dataDir, user: 'keeper', password });
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.process.pid })}\n`);
setInterval(() => {}, 1_000_000);
