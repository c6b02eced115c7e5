export { problemsOf, settingsReader, type SettingsReader } from './settings-reader.ts';
