import { useState } from 'preact/hooks';
import { Mark } from './parts/mark.tsx';

export function SignIn({ onToken, refused }: { onToken: (token: string) => void; refused: boolean }) {
  const [token, setToken] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim());
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <Mark />
        <h1>See the work, on the beat.</h1>
        <p>
          Councils, teams and agents as they are right now. Sign in with a token; it stays in this tab only.
        </p>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          // The only thing to do here.
          ref={(input) => input?.focus()}
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
          aria-invalid={refused}
          aria-describedby={refused ? 'refused' : undefined}
        />
        {refused && (
          <p id="refused" class="refused" role="alert">
            That token is not valid, or not any more.
          </p>
        )}
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </main>
  );
}
