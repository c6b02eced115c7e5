import type { ComponentChildren } from 'preact';

/** Longer texts are cut here with a word: a browser lays out so much at a time. */
const CHARACTERS_MAX = 200_000;

/** A text as it was written; of Markdown the headings, lists and code blocks are set as such, everything else stays text. */
export function Prose({ text, mediaType }: { text: string; mediaType: string }) {
  const cut = text.slice(0, CHARACTERS_MAX);
  const note = text.length > CHARACTERS_MAX && <p class="hint">The rest is left out here; the API has it.</p>;
  if (mediaType !== 'text/markdown') {
    return (
      <>
        <pre class="verbatim">{mediaType === 'application/json' ? indented(cut) : cut}</pre>
        {note}
      </>
    );
  }
  return (
    <div class="prose">
      {blocksOf(cut)}
      {note}
    </div>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function blocksOf(text: string): ComponentChildren[] {
  const blocks: ComponentChildren[] = [];
  let list: string[] = [];
  let isNumbered = false;
  let code: string[] | null = null;
  let words: string[] = [];
  const flush = () => {
    if (words.length > 0) blocks.push(<p>{inline(words.join(' '))}</p>);
    const items = list.map((item) => <li>{inline(item)}</li>);
    if (list.length > 0) blocks.push(isNumbered ? <ol>{items}</ol> : <ul>{items}</ul>);
    words = [];
    list = [];
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) {
      if (code === null) flush();
      else blocks.push(<pre class="verbatim">{code.join('\n')}</pre>);
      code = code === null ? [] : null;
      continue;
    }
    if (code !== null) {
      code.push(line);
      continue;
    }
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/.exec(line);
    if (heading) {
      flush();
      blocks.push(headingOf(heading[1]?.length ?? 1, heading[2] ?? ''));
    } else if (item) {
      if (words.length > 0) flush();
      if (list.length === 0) isNumbered = /^\s*\d/.test(line);
      list.push(item[1] ?? '');
    } else if (line.trim() === '') flush();
    else if (list.length > 0) list[list.length - 1] += ` ${line.trim()}`;
    else words.push(line);
  }
  if (code !== null) blocks.push(<pre class="verbatim">{code.join('\n')}</pre>);
  flush();
  return blocks;
}

function headingOf(level: number, text: string): ComponentChildren {
  if (level === 1) return <h3 class="first">{inline(text)}</h3>;
  return level === 2 ? <h3>{inline(text)}</h3> : <h4>{inline(text)}</h4>;
}

/** `code` and **strong**; a link stays the text that it is. */
function inline(text: string): ComponentChildren[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith('`') && part.endsWith('`') && part.length > 2)
      return <code>{part.slice(1, -1)}</code>;
    if (part.startsWith('**') && part.endsWith('**') && part.length > 4)
      return <strong>{part.slice(2, -2)}</strong>;
    return part;
  });
}
