/** Cuts what a process prints into lines and gives each to `take`, parsed; what is not JSON goes to `takeText`. */
export function jsonLines<Line>(
  take: (line: Line) => void,
  takeText: (text: string) => void,
): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('{')) take(JSON.parse(line) as Line);
      else if (line !== '') takeText(line);
    }
  };
}
