import { CALLS, EVENTS, MESSAGES } from './catalog.ts';
import { ERRORS } from './errors.ts';
import { CONSUMERS, retrySubject, STREAMS, type ConsumerDecl, type StreamDecl } from './streams.ts';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

/** The generated parts of docs/PROTOCOL.md by the name of their place in it. */
export function protocolTables(): Record<string, string> {
  return {
    messages: table(
      ['subject', 'type', 'what'],
      MESSAGES.map(({ subject, type, description }) => [code(subject.pattern), code(type), description]),
    ),
    events: table(
      ['subject', 'type', 'what'],
      EVENTS.map(({ subject, type, description }) => [code(subject.pattern), code(type), description]),
    ),
    calls: table(
      ['subject', 'answered by', 'errors', 'what'],
      CALLS.map(({ subject, service, errors, description }) => [
        code(subject.pattern),
        service,
        errors.map(code).join(' ') || '–',
        description,
      ]),
    ),
    streams: table(
      ['stream', 'subjects', 'keeps', 'what'],
      Object.values(STREAMS as Record<string, StreamDecl>).map((stream) => [
        code(stream.name),
        stream.subjects.map(code).join(' '),
        limits(stream),
        stream.description,
      ]),
    ),
    consumers: table(
      ['consumer', 'stream', 'hears', 'what'],
      Object.values(CONSUMERS as Record<string, ConsumerDecl>).map((consumer) => [
        code(consumer.name),
        code(consumer.stream),
        [...consumer.filters, retrySubject(consumer.name)].map(code).join(' '),
        consumer.description,
      ]),
    ),
    errors: table(
      ['code', 'HTTP', '`Nats-Service-Error-Code`'],
      Object.entries(ERRORS).map(([name, { http, nats }]) => [code(name), String(http), String(nats)]),
    ),
  };
}

/** Puts the tables between their marks; what stands around them is written by people. */
export function fillTables(document: string): string {
  let filled = document;
  for (const [name, text] of Object.entries(protocolTables())) {
    const [begin, end] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
    const from = filled.indexOf(begin);
    const to = filled.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the document has no place for the generated table '${name}'`);
    filled = `${filled.slice(0, from + begin.length)}\n${text}\n${filled.slice(to)}`;
  }
  return filled;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string) => `\`${text}\``;

function limits(stream: StreamDecl): string {
  const hours = stream.maxAgeMs / HOUR_MS;
  const parts = [
    hours >= 24 ? `${hours / 24} d` : hours >= 1 ? `${hours} h` : `${hours * 60} min`,
    stream.maxBytes !== undefined && `${stream.maxBytes / MIB} MiB`,
    stream.maxMsgsPerSubject !== undefined && `${stream.maxMsgsPerSubject} per subject`,
    stream.retention === 'workqueue' && 'work queue',
    stream.discard === 'new' ? 'new refused' : 'old goes',
    stream.duplicateWindowMs !== undefined && `doubles dropped for ${stream.duplicateWindowMs / 60_000} min`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}
