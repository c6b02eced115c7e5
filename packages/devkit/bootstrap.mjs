/**
 * Makes sure that the packages of the lock file are installed, and among them Node 24. Runs on any
 * Node >= 20, before anything of ours can be imported, hence plain JavaScript without packages.
 *
 * `npm ci` deletes and reinstalls everything, so it runs only when what is installed differs from
 * the lock file. Install scripts of packages are not run, except that of `node`, which fetches the
 * binary of this platform.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const nodeMajorMinimum = 20;
const lineEveryMs = 5_000;
const stamp = 'node_modules/.whoosh-installed';

const major = Number(process.versions.node.split('.')[0]);
if (major < nodeMajorMinimum)
  fail(`This is Node ${process.versions.node}; please install Node >= ${nodeMajorMinimum}.`);

const lockText = readFileSync('package-lock.json', 'utf8');
const digest = createHash('sha256').update(`${process.platform} ${process.arch}\n${lockText}`).digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  if (!isInstalled(JSON.parse(lockText))) {
    await run('installing packages (npm ci)', [
      'ci',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
  }
  if (!hasNode()) await run('fetching Node (npm rebuild node)', ['rebuild', 'node', '--loglevel=error']);
  if (!hasNode()) fail('node_modules/.bin/node does not run. Remove node_modules and try again.');
  writeFileSync(stamp, digest);
}

/** True when npm's own record of what it installed agrees with the lock file. */
function isInstalled(lock) {
  if (!existsSync('node_modules/.package-lock.json')) return false;
  const installed = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8')).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    const there = installed[path];
    if (there === undefined)
      return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
    return there.link === true || (there.version === wanted.version && there.integrity === wanted.integrity);
  });
}

function hasNode() {
  const { status, stdout } = spawnSync('node_modules/.bin/node', ['--version'], { encoding: 'utf8' });
  return status === 0 && Number(/^v(\d+)\./.exec(stdout)?.[1]) >= 24;
}

async function run(what, args) {
  const startedMs = Date.now();
  process.stderr.write(`  ${what}\n`);
  const repeat = setInterval(() => {
    process.stderr.write(`  … ${what} (${Math.round((Date.now() - startedMs) / 1_000)} s)\n`);
  }, lineEveryMs);
  const child = spawn('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((done) => {
    child.once('error', (cause) => fail(`npm cannot be started: ${cause.message}`));
    child.once('close', (code, signal) => done(signal ?? code));
  });
  clearInterval(repeat);
  if (code !== 0) fail(`\`npm ${args.join(' ')}\` ended with ${code}.`);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
