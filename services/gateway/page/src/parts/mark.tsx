/** The name, with the line that everything here is about. */
export function Mark() {
  return (
    <span class="mark">
      <svg viewBox="0 0 44 20" aria-hidden="true">
        <path d="M1 11h10l3-5 4 12 5-17 4 15 3-5h13" />
      </svg>
      WHOOSH
    </span>
  );
}
