// A program for the supervisor to look after: serves its pid, and ends on request.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const [port, ...flags] = process.argv.slice(2);
if (flags.includes('ignore-sigterm')) process.on('SIGTERM', () => {});
if (flags.includes('fail')) {
  console.error('it is all wrong');
  process.exit(3);
}
const child = flags.includes('with-child') ? spawn('sleep', ['1000'], { stdio: 'ignore' }) : undefined;
createServer((request, response) => {
  response.end(String(request.url === '/child' ? child?.pid : process.pid));
  if (request.url === '/crash') setImmediate(() => process.exit(9));
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
