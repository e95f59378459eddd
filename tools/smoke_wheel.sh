#!/usr/bin/env bash
# Builds sdist and wheel from the files of the working tree, installs the wheel alone in a new environment, and uses it
# outside the checkout: import, model, and answers from stored OCR results, with neither torch nor an OCR engine.
set -euo pipefail

python=${PYTHON:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "== build"
mkdir "$work/source"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tr '\n' '\0' \
  | tar --null -T - -cf -) | tar -xf - -C "$work/source"
"$python" -m build --outdir "$work/dist" "$work/source" >"$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; exit 1; }
ls -l "$work/dist"

echo "== install the wheel, without extras"
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$work"/dist/*.whl
"$work/venv/bin/pip" check

echo "== use it outside the checkout"
mkdir "$work/elsewhere"
cd "$work/elsewhere"
unset PYTHONPATH HYBRIDML_MODEL
"$work/venv/bin/python" "$root/tools/smoke_store.py"
"$work/venv/bin/hybridml" --version
"$work/venv/bin/hybridml" inspect "$("$work/venv/bin/python" -c 'from hybridml.artifact.pretrained import MODEL; print(MODEL)')" \
  >inspect.txt
head -n 5 inspect.txt
"$work/venv/bin/hybridml" -q predict --rows rows.csv --store store --images . --without number_classifier --without second_pass \
  --out answers.csv
cat answers.csv
"$work/venv/bin/hybridml" check --rows rows.csv --predictions answers.csv
grep -qx '0,500 gram' answers.csv
echo "== fine"
