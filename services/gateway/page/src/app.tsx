import { useCallback, useEffect, useState } from 'preact/hooks';
import { Desk } from './desk.tsx';
import { Api } from './live/api.ts';
import { forgetToken, keepToken, takeToken } from './live/session.ts';
import { World } from './live/world.ts';
import { SignIn } from './sign-in.tsx';

export function App() {
  const [token, setToken] = useState(takeToken);
  const [refused, setRefused] = useState(false);
  const [world, setWorld] = useState<World | null>(null);

  const leave = useCallback((wasRefused: boolean) => {
    forgetToken();
    setRefused(wasRefused);
    setToken(null);
  }, []);

  useEffect(() => {
    if (token === null) return undefined;
    const onRefused = () => leave(true);
    const opened = new World(new Api(token, onRefused), onRefused);
    opened.open();
    setWorld(opened);
    return () => {
      opened.close();
      setWorld(null);
    };
  }, [token, leave]);

  const enter = (given: string) => {
    keepToken(given);
    setRefused(false);
    setToken(given);
  };
  if (token === null) return <SignIn onToken={enter} refused={refused} />;
  return world && <Desk world={world} onLeave={() => leave(false)} />;
}
