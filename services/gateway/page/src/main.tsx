import { render } from 'preact';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/desk.css';
import './styles/views.css';
import './styles/backbeat.css';
import './styles/reader.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
