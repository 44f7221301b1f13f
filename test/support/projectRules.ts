import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Rules that neither the compiler nor the linter nor the import checker can say. */
export interface ProjectFile {
  /** From the project's root, with slashes. */
  readonly path: string
  readonly text: string
}

export interface ProjectRule {
  readonly name: string
  /** One line for each breach; none when all is well. */
  readonly breaches: (files: readonly ProjectFile[]) => readonly string[]
  /** Files that break it, so that the rule itself is tested. */
  readonly planted: readonly ProjectFile[]
}

const notOurs = new Set(['node_modules', 'out', 'dist', 'coverage', '.cache', '.git', 'package-lock.json'])
const textual = /(\.(ts|vue|js|mjs|cjs|json|md|yml|yaml|css|html|sh|config|patch|svg)|(^|\/)(LICENSE|\.gitignore|run))$/

export function readProject(root: string, folder = ''): ProjectFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (notOurs.has(entry.name)) return []
    if (entry.isDirectory()) return readProject(root, path)
    return textual.test(path) ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : []
  })
}

const isCode = ({ path }: ProjectFile): boolean => /\.(ts|vue|js|mjs)$/.test(path)
const isTest = ({ path }: ProjectFile): boolean => path.startsWith('test/') || path.endsWith('.test.ts')
/** This file names what it forbids. */
const isSelf = ({ path }: ProjectFile): boolean => /projectRules(\.test)?\.ts$/.test(path)
const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length

/** Lines that match, as `path:line: text`. */
const matching = (files: readonly ProjectFile[], pattern: RegExp): string[] =>
  files.flatMap(({ path, text }) => text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])))

const file = (path: string, text: string): ProjectFile => ({ path, text })

const sizeRules: readonly ProjectRule[] = [
  {
    name: 'no file of code has more than 400 lines',
    breaches: (files) => files.filter((each) => isCode(each) && linesOf(each.text) > 400).map(({ path, text }) => `${path}: ${linesOf(text)} lines`),
    planted: [file('src/renderer/features/a/ACard.vue', '\n'.repeat(401))],
  },
  {
    name: 'the Electron host has under 300 lines in all',
    breaches: (files) => {
      const shell = files.filter((each) => each.path.startsWith('src/main/hosts/electron/') && isCode(each) && !isTest(each))
      const lines = shell.reduce((sum, { text }) => sum + linesOf(text), 0)
      return lines < 300 ? [] : [`${lines} lines`]
    },
    planted: [file('src/main/hosts/electron/main.ts', '\n'.repeat(200)), file('src/main/hosts/electron/menu.ts', '\n'.repeat(100))],
  },
]

const importRules: readonly ProjectRule[] = [
  {
    name: 'only the Electron host and preload load electron, in whatever way',
    breaches: (files) => matching(
      files.filter((each) => isCode(each) && each.path.startsWith('src/') && !/^src\/(main\/hosts\/electron|preload)\//.test(each.path)),
      /(from|import|require|import\(|require\()\s*['"]electron(\/\w+)?['"]/,
    ),
    planted: [file('src/main/drivers/x.ts', "const { app } = await import('electron')")],
  },
  {
    // The bundler would find it without; Node, which runs the same files, does not.
    name: 'a relative import names the file with its ending',
    breaches: (files) => matching(
      files.filter((each) => isCode(each) && !isSelf(each)),
      /^(import|export|\} from)\b.*['"]\.{1,2}\/(?:[^'"]*\/)?(?!index\.html)[^'"./]+['"]/,
    ),
    planted: [file('src/main/core/x.ts', "import { a } from './y'")],
  },
]

const styleRules: readonly ProjectRule[] = [
  {
    name: 'a rule is switched off only with a reason behind it',
    breaches: (files) => [
      ...matching(files.filter((each) => isCode(each) && !isSelf(each)), /eslint-disable(?!.* -- \S)/),
      ...matching(files.filter((each) => isCode(each) && !isSelf(each)), /@ts-(ignore|nocheck)|as any\b/),
    ],
    planted: [file('src/main/core/x.ts', '// eslint-disable-next-line no-console'), file('src/main/core/y.ts', '// @ts-ignore')],
  },
  {
    // Node's never ends below /proc; src/main/drivers/files/makeFolders.ts does.
    name: 'folders are made with makeFolders',
    breaches: (files) => matching(files.filter((each) => isCode(each) && /^src\/main\/(composition|drivers|hosts)\//.test(each.path) && !each.path.endsWith('.test.ts')), /\bmkdir(?:Sync)?\(.*recursive: true/),
    planted: [file('src/main/drivers/x.ts', 'await mkdir(folder, { recursive: true })')],
  },
  {
    name: 'names say what a thing does',
    breaches: (files) => [
      ...matching(files.filter((each) => isCode(each) && !isSelf(each)), /export (?:abstract )?(?:class|interface|type|const|function) (?:\w*(?:Manager|Helpers?|Utils?|Impl)\b|I[A-Z][a-z])/),
      ...files.filter((each) => isCode(each) && /(^|\/)(utils?|helpers?|common|misc)(\/|\.\w+$)/i.test(each.path)).map(({ path }) => path),
    ],
    planted: [file('src/main/core/x.ts', 'export class PodManager {}'), file('src/main/core/utils/y.ts', '')],
  },
  {
    name: "the project stands alone and names nobody else's tools or folders",
    breaches: (files) => matching(files.filter((each) => !isSelf(each)),
      /\/work\/|\/tmp\/rb\b|\.\.\/shared\/(README|reference|seeds|design|peers|hooks)|\bissues (show|list)\b|\bthe (issue|brief)\b|\bClaude\b|\bAnthropic\b|localhost:4873|\b(seed|brief)\.(md|txt)\b/),
    planted: [file('README.md', 'as the issue says'), file('test/a.ts', "read('/work/main')")],
  },
]

/** Names of faults as a person types them, from the table that the product prints. */
const faultNames = (files: readonly ProjectFile[]): string[] => {
  const table = files.find(({ path }) => path === 'src/main/sim/faults.ts')?.text ?? ''
  return [...table.matchAll(/\{ name: '([a-z0-9-]+)', sentence:/g)].flatMap(([, name]) => name ?? [])
}

const testRules: readonly ProjectRule[] = [
  {
    name: 'every fault of the simulator has a test that names it',
    breaches: (files) => {
      const names = faultNames(files)
      const tests = files.filter((each) => each.path.endsWith('.test.ts') && !isSelf(each)).map(({ text }) => text).join('\n')
      return names.length === 0
        ? ['src/main/sim/faults.ts lists no faults']
        : names.filter((name) => !new RegExp(`['"\`]${name}['"\`:#@]`).test(tests)).map((name) => `no test names ${name}`)
    },
    planted: [file('src/main/sim/faults.ts', "{ name: 'tftp-loss', sentence: 'x'\n{ name: 'no-prompt', sentence: 'x'"), file('test/x.test.ts', "'tftp-loss:3'")],
  },
  {
    name: 'every test file belongs to a run',
    breaches: (files) => files
      .filter(({ path }) => /\.(test|spec)\.\w+$/.test(path))
      .filter(({ path }) => !/^(src|test\/(unit|contract|integration|web|e2e|peers))\/.*\.test\.ts$/.test(path))
      .map(({ path }) => path),
    planted: [file('test/other/x.test.ts', ''), file('src/main/core/x.spec.ts', '')],
  },
]

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}
const manifestOf = (files: readonly ProjectFile[]): Manifest => {
  const found = files.find(({ path }) => path === 'package.json')
  return { version: '', dependencies: {}, devDependencies: {}, optionalDependencies: {}, ...(JSON.parse(found?.text ?? '{}') as Partial<Manifest>) }
}
const packagesOf = (files: readonly ProjectFile[]): [string, string][] => {
  const manifest = manifestOf(files)
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies })
}
const textOf = (files: readonly ProjectFile[], pattern: RegExp): string => files.find(({ path }) => pattern.test(path))?.text ?? ''

const paperRules: readonly ProjectRule[] = [
  {
    name: 'every package has one exact version',
    breaches: (files) => packagesOf(files).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name, version]) => `${name} ${version}`),
    planted: [file('package.json', '{"dependencies":{"ws":"^8.0.0"}}')],
  },
  {
    name: 'every package has a line that says what for, under which licence',
    breaches: (files) => packagesOf(files).map(([name]) => name).filter((name) => !textOf(files, /^docs\/decisions\/0003-/).includes(`| ${name} |`)),
    planted: [file('package.json', '{"dependencies":{"left-pad":"1.0.0"}}'), file('docs/decisions/0003-dependencies.md', '| ws | MIT |')],
  },
  {
    name: 'decisions are numbered without a gap and say situation, choice and cost',
    breaches: (files) => files
      .filter(({ path }) => path.startsWith('docs/decisions/'))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .flatMap(({ path, text }, index) => [
        ...(new RegExp(`^docs/decisions/${String(index + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`).test(path) ? [] : [`${path}: expected number ${index + 1}`]),
        ...['## Situation', '## Choice', '## Cost'].filter((heading) => !text.includes(heading)).map((heading) => `${path}: no ${heading}`),
      ]),
    planted: [file('docs/decisions/0002-x.md', '## Situation\n## Choice\n')],
  },
  {
    name: 'the README begins with the two commands, and the change log with this version',
    breaches: (files) => [
      ...(/^# Rackbench\n[^#]*npm ci && npm run demo\n[^#]*npm ci && npm test\n/.test(textOf(files, /^README\.md$/)) ? [] : ['README.md']),
      ...(textOf(files, /^CHANGELOG\.md$/).match(/^## (\S+)/m)?.[1] === manifestOf(files).version ? [] : ['CHANGELOG.md']),
    ],
    planted: [file('README.md', '# Rackbench\n\n## Why\n'), file('CHANGELOG.md', '## 0.0.1\n'), file('package.json', '{"version":"0.2.0"}')],
  },
  {
    name: 'the README tells every exit code in the words that the program prints',
    breaches: (files) => {
      const table = files.find(({ path }) => path === 'src/main/hosts/cli/exitCodes.ts')?.text ?? ''
      const rows = [...table.matchAll(/^ {2}\[(\d+), '(.*)'\],$/gm)].map(([, code, words]) => `| ${code} | ${words} |`)
      return rows.length === 0 ? ['src/main/hosts/cli/exitCodes.ts lists no codes'] : rows.filter((row) => !textOf(files, /^README\.md$/).includes(row))
    },
    planted: [file('src/main/hosts/cli/exitCodes.ts', "  [0, 'success'],\n"), file('README.md', '| 0 | all well |')],
  },
  {
    name: 'resources hold data and nothing that is compiled',
    breaches: (files) => files.filter((each) => each.path.startsWith('resources/') && isCode(each)).map(({ path }) => path),
    planted: [file('resources/x.ts', '')],
  },
]

export const projectRules: readonly ProjectRule[] = [...sizeRules, ...importRules, ...styleRules, ...testRules, ...paperRules]
