// Types are checked as strictly as typescript-eslint knows how; time and randomness come in as parameters.
import tseslint from "typescript-eslint";

const ambient = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: "take a Clock",
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "take a Clock" },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: "take `random`",
  },
];
const weak = [
  {
    selector:
      "CallExpression[callee.object.name='AbortSignal'][callee.property.name='any'] CallExpression[callee.object.name='AbortSignal'][callee.property.name='timeout']",
    message: "it is collected before its time, since `any` holds it weakly: take a Deadline",
  },
  {
    // A name holds it only as long as something is yet to read it.
    selector:
      "VariableDeclaration:has(> VariableDeclarator[init.callee.object.name='AbortSignal'][init.callee.property.name='timeout']) ~ * CallExpression[callee.object.name='AbortSignal'][callee.property.name='any']",
    message:
      "`any` holds an AbortSignal.timeout weakly, and its name may not hold it longer: take a Deadline",
  },
];
const timers = ["setTimeout", "setInterval", "setImmediate"].map((name) => ({
  name,
  message: "take a Clock",
}));

export default tseslint.config(
  { ignores: ["dist/**", "proto/gen/**", "coverage/**", "**/*.js", "**/*.cjs", "**/*.mjs", "**/*.gen.ts"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-restricted-syntax": ["error", ...weak],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    // The pure middle. Rims (host/, hostd/, node-libvirt/, simulator/, cli/, main.ts) own real clocks and sockets.
    files: [
      "agent/{core,discovery,inventory,diagnosis,capacity,lifecycle,observation,schedulers,backends,api}/**/*.ts",
    ],
    ignores: ["agent/core/clock.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...weak, ...ambient],
      "no-restricted-globals": ["error", ...timers, "fetch"],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // mocha's describe/it and chained promises in `it` bodies
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-expressions": "off",
    },
  },
);
