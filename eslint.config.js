import { builtinModules } from 'node:module'
import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

// tseslint's base names its own parser, so the one that knows the blocks of a .vue file is put back.
const vueParser = vue.configs['flat/base'].find((block) => block.languageOptions?.parser !== undefined).languageOptions.parser

const tests = ['test/**/*.ts', 'src/**/*.test.ts']
const pureFolders = ['src/shared/**/*.ts', 'src/main/core/**/*.ts', 'src/main/protocols/**/*.ts', 'src/main/composition/**/*.ts']
const electronRooms = ['src/main/hosts/electron/**/*.ts', 'src/preload/**/*.ts']

const barePrefix = builtinModules
  .filter((name) => !name.startsWith('node:') && !name.startsWith('_'))
  .map((name) => ({ name, message: `Write 'node:${name}'.` }))
const electronImport = { name: 'electron', message: 'Electron is a host: only src/main/hosts/electron and src/preload know it.' }
// A later block replaces the options of a rule and does not add to them, so both lists are put together here.
const restrictedImports = (...more) => ['error', { paths: [...barePrefix, ...more], patterns: more.length > 0 ? ['electron/*'] : [] }]

const passedIn = (name, instead) => ({ name, message: `Nothing here meets the outside: ${instead} is passed in.` })
const outside = [
  passedIn('Date', 'a Clock'), passedIn('performance', 'a Clock'),
  passedIn('setTimeout', 'a Clock'), passedIn('setInterval', 'a Clock'), passedIn('setImmediate', 'a Clock'),
  passedIn('process', 'the environment'), passedIn('fetch', 'a client'),
  { name: 'Buffer', message: 'Use Uint8Array: this code also runs where Buffer is unknown.' },
]

const state = (selector) => ({ selector, message: 'No state at the top level of a module: importing a file does nothing.' })
const exportSyntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: an import names the file that has the thing.' },
]
const stateSyntax = [
  state('Program > VariableDeclaration[kind="let"]'),
  state('Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]'),
]
const patched = '/^(mock|doMock|unmock|doUnmock|spyOn|hoisted|stubGlobal|useFakeTimers|importMock)$/'
const testSyntax = [
  { selector: `CallExpression[callee.object.name="vi"][callee.property.name=${patched}]`, message: 'Simulate the camera, not our code: no module mocks, spies or patched globals.' },
  { selector: 'CallExpression[callee.property.name=/^to(Match|ThrowErrorMatching)(Inline)?Snapshot$/]', message: 'No snapshots: say what has to be true.' },
  { selector: 'MemberExpression[object.name=/^(test|it|describe)$/][property.name="only"]', message: 'A focused test hides the others.' },
]

export default tseslint.config(
  { ignores: ['out/', 'dist/', 'coverage/', '.cache/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  js.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.ts', '**/*.vue'],
    extends: [tseslint.configs.base],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname, extraFileExtensions: ['.vue'] },
    },
    rules: {
      // The compiler knows both better.
      'no-undef': 'off',
      'no-unused-vars': 'off',
      'no-redeclare': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/promise-function-async': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: false, allowRethrowing: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    },
  },
  {
    files: ['**/*.vue'],
    languageOptions: { parser: vueParser, parserOptions: { parser: tseslint.parser } },
    rules: {
      // An absent property is `undefined` by its type; a default would only repeat that.
      'vue/require-default-prop': 'off',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
    },
  },
  {
    files: ['**/*.{ts,js,mjs,vue}'],
    rules: {
      'no-async-promise-executor': 'error',
      // A catch without a statement passes only with a comment inside, which is the stated reason.
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-console': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400 }],
      'no-restricted-imports': restrictedImports(electronImport),
    },
  },
  { files: electronRooms, rules: { 'no-restricted-imports': restrictedImports() } },
  { files: ['src/**/*.ts', 'test/**/*.ts'], ignores: ['**/*.d.ts'], rules: { 'no-restricted-syntax': ['error', ...exportSyntax, ...stateSyntax] } },
  {
    files: pureFolders,
    ignores: tests,
    rules: {
      'no-restricted-globals': ['error', { globals: outside, checkGlobalObject: true }],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Randomness is passed in.' }],
    },
  },
  // The contract gives these their type; writing it out again would hide a mismatch behind a cast.
  { files: ['src/main/core/**/*Service.ts'], rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' } },
  {
    files: tests,
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'no-restricted-syntax': ['error', ...exportSyntax, ...testSyntax] },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { process: 'readonly', URL: 'readonly', fetch: 'readonly', setTimeout: 'readonly', AbortSignal: 'readonly' } },
  },
  prettier,
)
