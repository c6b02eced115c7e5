import { useCallback, useEffect, useState } from 'preact/hooks';

const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
const KEY = 'whoosh.theme';

/** Follows the system until somebody chooses. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => (localStorage.getItem(KEY) as Theme | null) ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(KEY, theme);
  }, [theme]);
  const next = useCallback(() => {
    setTheme((now) => THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] ?? 'auto');
  }, []);
  return [theme, next];
}
