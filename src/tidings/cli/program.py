"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from tidings.cli.backup_and_check import backup, check
from tidings.cli.screen import Screen
from tidings.model.errors import TidingsError
