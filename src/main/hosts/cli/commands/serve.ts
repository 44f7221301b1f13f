import { type Flags, helpOf, parseFlags, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'

const flags: Flags = {
  port: { type: 'string', value: 'PORT', help: 'TCP port on 127.0.0.1 (default: any free one)' },
  open: { type: 'boolean', help: 'open it in the browser' },
  redis: { type: 'string', value: 'URL', help: 'the Redis on which several benches share their batches (also RACKBENCH_REDIS, which no list of processes shows)' },
  data: { type: 'string', value: 'DIR', help: 'journal, reports, profiles and U-Boot images' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

export async function serveCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('serve', flags, argv)
  if (given.has('help')) {
    helpOf('serve [flags]', 'Serves the workbench to the browser on 127.0.0.1, until SIGINT.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const json = isJson(given)
  const { say, done } = createTeller(deps.out, json)
  const port = given.text('port')
  await deps.serve({
    port: port === undefined || port === '0' ? 0 : wholeNumber('--port', port, 1, 65_535), open: given.has('open'),
    dataFolder: given.text('data') ?? deps.dataFolder, redisUrl: given.text('redis'), log: deps.err.line,
    out: (line) => { say(line.startsWith('http://') ? 'serving' : 'log', line.startsWith('http://') ? { url: line } : { level: 'info', message: line }, line) },
  }, deps.interrupt.signal)
  return done(exitCodes.success, {}, '')
}
